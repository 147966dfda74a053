package import NIOCore

/// The address of a downstream peer: the key for limits, and the text for logs.
///
/// Made once per connection.
package struct ClientAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IP address as 128 bits; an IPv4 one as that of `::ffff:0:0/96` (RFC 4291, section 2.5.5.2).
    struct Bits: Sendable, Hashable {
        var high: UInt64
        var low: UInt64

        /// The bits of an address; zero for a local socket.
        init(_ address: SocketAddress?) {
            switch address {
            case .v4(let v4):
                high = 0
                // sin_addr follows family and port
                low = 0xFFFF << 32 | ClientAddress.word(of: v4.address, at: 0) & 0xFFFF_FFFF
            case .v6(let v6):
                high = ClientAddress.word(of: v6.address, at: 8)
                low = ClientAddress.word(of: v6.address, at: 16)
            case .unixDomainSocket, nil:
                high = 0
                low = 0
            }
        }

        var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

        /// The first bits, and zero for the others.
        func masked(to length: Int) -> Bits {
            var bits = self
            bits.high &= length >= 64 ? .max : length <= 0 ? 0 : ~(.max >> UInt64(length))
            bits.low &= length >= 128 ? .max : length <= 64 ? 0 : ~(.max >> UInt64(length - 64))
            return bits
        }
    }

    /// Nil for a local socket.
    let bits: Bits?

    /// The address without the port: `192.0.2.1`, `2001:db8::1`, or `unix` for a local socket.
    ///
    /// Made when it is wanted: most connections are never written about.
    package var description: String {
        guard let bits else { return "unix" }
        if bits.isIPv4 { return ClientAddress.text(ofIPv4: UInt32(truncatingIfNeeded: bits.low)) }
        var packed = ByteBuffer()
        packed.writeMultipleIntegers(bits.high, bits.low)
        return (try? SocketAddress(packedIPAddress: packed, port: 0))?.ipAddress ?? "unknown"
    }

    /// Four numbers between dots, 15 characters at most: short enough to need no memory.
    private static func text(ofIPv4 address: UInt32) -> String {
        unsafe String(unsafeUninitializedCapacity: 15) { characters in
            var count = 0
            func put(_ byte: UInt32) {
                unsafe characters[count] = UInt8(truncatingIfNeeded: byte)
                count += 1
            }
            for shift in [24, 16, 8, 0] as [UInt32] {
                let number = address >> shift & 0xFF
                if number >= 100 { put(48 + number / 100) }
                if number >= 10 { put(48 + number / 10 % 10) }
                put(48 + number % 10)
                if shift > 0 { put(46) }
            }
            return count
        }
    }

    /// What limits count by: the whole IPv4 address, or the /64 of an IPv6 one, which is what one customer has.
    package var network: UInt64 {
        // An IPv4 client of a dual-stack listener counts as that IPv4 address.
        bits.map { $0.isIPv4 ? $0.low & 0xFFFF_FFFF : $0.high } ?? 0
    }

    /// The address of a socket's peer.
    package init(_ address: SocketAddress?) {
        switch address {
        case .v4, .v6: bits = Bits(address)
        case .unixDomainSocket, nil: bits = nil
        }
    }

    /// Eight bytes of a socket address structure in network order; ip(7) and ipv6(7) fix the layout.
    private static func word<Address>(of address: Address, at offset: Int) -> UInt64 {
        unsafe withUnsafeBytes(of: address) { bytes in
            unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }
}
