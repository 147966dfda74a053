internal import NIOCore

/// A block of addresses, `192.0.2.0/24` or `2001:db8::/32` (RFC 4632, section 3.1; RFC 4291, section 2.3).
package struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is none.
    package struct Problem: Error, Sendable, Equatable {
        /// In words that follow the text.
        package let reason: String
    }

    /// As it was written.
    package let description: String
    private let prefix: ClientAddress.Bits
    /// Bits that count, of 128: an IPv4 address is one of `::ffff:0:0/96`.
    private let length: Int

    /// Parses an address, or a block of them.
    ///
    /// - Throws: what is wrong with the text.
    package init(_ text: String) throws(Problem) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = try? SocketAddress(ipAddress: String(first), port: 0) else {
            throw Problem(reason: "is no IP address")
        }
        var most = 128
        if case .v4 = address { most = 32 }
        var length = most
        if parts.count == 2 {
            guard let given = Int(parts[1]), 0...most ~= given, parts[1].utf8.allSatisfy({ $0 != UInt8(ascii: "+") })
            else { throw Problem(reason: "has a prefix length that is not between 0 and \(most)") }
            length = given
        }
        let bits = ClientAddress.Bits(address)
        self.length = length + 128 - most
        prefix = bits.masked(to: self.length)
        guard prefix == bits else {
            throw Problem(reason: "has bits behind its prefix: it is no block")
        }
        description = text
    }

    /// Whether an address is in the block.
    func contains(_ bits: ClientAddress.Bits) -> Bool { bits.masked(to: length) == prefix }

    /// Whether every IPv4 or every IPv6 address is in it.
    package var holdsEverybody: Bool { length == 0 || length == 96 && prefix.isIPv4 }

    /// Whether a client is in the block.
    package func contains(_ client: ClientAddress) -> Bool { client.bits.map(contains) ?? false }
}

/// Who may come, by address.
///
/// What is denied is denied; where something is allowed, nothing else is. A local socket has no address and may come.
package struct AddressRules: Sendable, Equatable {
    /// Nothing, or all that may come.
    package var allow: [AddressBlock]
    /// What may not.
    package var deny: [AddressBlock]

    package init(allow: [AddressBlock] = [], deny: [AddressBlock] = []) {
        self.allow = allow
        self.deny = deny
    }

    /// Whether nobody is turned away.
    package var isEmpty: Bool { allow.isEmpty && deny.isEmpty }

    /// Whether a client may come.
    package func admits(_ client: ClientAddress) -> Bool {
        guard !isEmpty, let bits = client.bits else { return true }
        if deny.contains(where: { $0.contains(bits) }) { return false }
        return allow.isEmpty || allow.contains { $0.contains(bits) }
    }
}
