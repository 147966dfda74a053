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

    /// The address without the port: `192.0.2.1`, `2001:db8::1`, or `unix` for a local socket.
    ///
    /// An IPv4 client of a dual-stack listener is shown as that IPv4 address.
    package let description: String
    /// Nil for a local socket.
    let bits: Bits?

    /// What limits count by: the whole IPv4 address, or the /64 of an IPv6 one, which is what one customer has.
    package var network: UInt64 {
        // An IPv4 client of a dual-stack listener counts as that IPv4 address.
        bits.map { $0.isIPv4 ? $0.low & 0xFFFF_FFFF : $0.high } ?? 0
    }

    /// The address of a socket's peer.
    package init(_ address: SocketAddress?) {
        let text = address?.ipAddress
        let bits = text == nil ? nil : Bits(address)
        self.bits = bits
        if let bits, bits.isIPv4, case .v6 = address {
            description = stride(from: 24, through: 0, by: -8).map { "\(bits.low >> UInt64($0) & 0xFF)" }
                .joined(separator: ".")
        } else {
            description = text ?? "unix"
        }
    }

    /// Eight bytes of a socket address structure in network order; ip(7) and ipv6(7) fix the layout.
    private static func word<Address>(of address: Address, at offset: Int) -> UInt64 {
        unsafe withUnsafeBytes(of: address) { bytes in
            unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }
}
