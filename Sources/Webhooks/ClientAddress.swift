package import NIOCore

/// The address of a downstream peer: the key for limits, and the text for logs.
///
/// Made once per connection.
package struct ClientAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address without the port: `192.0.2.1`, `2001:db8::1`, or `unix` for a local socket.
    package let description: String
    /// What limits count by: the whole IPv4 address, or the /64 of an IPv6 one, which is what one customer has.
    package let network: UInt64

    /// The address of a socket's peer.
    package init(_ address: SocketAddress?) {
        description = address?.ipAddress ?? "unix"
        switch address {
        case .v4(let v4):
            network = ClientAddress.word(of: v4.address, at: 0) & 0xFFFF_FFFF  // sin_addr follows family and port
        case .v6(let v6):
            let high = ClientAddress.word(of: v6.address, at: 8)
            let low = ClientAddress.word(of: v6.address, at: 16)
            // An IPv4 client of a dual-stack listener (::ffff:0:0/96) counts as that IPv4 address.
            network = high == 0 && low >> 32 == 0xFFFF ? low & 0xFFFF_FFFF : high
        case .unixDomainSocket, nil:
            network = 0
        }
    }

    /// Eight bytes of a socket address structure in network order; ip(7) and ipv6(7) fix the layout.
    private static func word<Address>(of address: Address, at offset: Int) -> UInt64 {
        unsafe withUnsafeBytes(of: address) { bytes in
            unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }
}
