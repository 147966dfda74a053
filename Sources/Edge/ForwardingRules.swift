package import Webhooks

/// Who names the client of a request in a field of it, and is believed; everybody else's such fields are ignored.
///
/// Only one field counts, the one that the proxies write: most pass the other on as they got it, from whomever.
package struct ForwardingRules: Sendable {
    /// The field.
    package enum Field: String, Sendable, CaseIterable {
        /// A list of addresses, by custom.
        case xForwardedFor = "x-forwarded-for"
        /// A list of parameters, of which `for` counts (RFC 7239).
        case forwarded
    }

    /// More proxies than this are in no chain.
    private static let maxHops = 32

    /// The proxies.
    package var from: [AddressBlock]
    /// What they write.
    package var field: Field

    package init(from: [AddressBlock] = [], field: Field = .xForwardedFor) {
        self.from = from
        self.field = field
    }

    /// Whether this peer's field counts.
    package func believes(_ peer: ClientAddress) -> Bool { from.contains { $0.contains(peer) } }

    /// The client of a request that came from a proxy which is believed.
    ///
    /// Each proxy adds the address that it was asked from at the end. So the list is read from there: what a listed proxy
    /// has written is true, and the first address that is none of theirs is the client's. What stands before it is hearsay,
    /// and not even looked at.
    ///
    /// - Parameters:
    ///   - fields: The header section.
    ///   - peer: The proxy.
    /// - Returns: the client; where only proxies are named, the furthest; the peer where none is named, or in no way that can
    ///   be understood (`unknown`, a hidden name, no address).
    package func client(_ fields: HeaderFields, peer: ClientAddress) -> ClientAddress {
        let values =
            switch field {
            case .xForwardedFor: fields.values("x-forwarded-for")
            case .forwarded: fields.values("forwarded")
            }
        var furthest = peer
        var hops = 0
        for value in values.reversed() {
            var rest: Substring? = value[...]
            while let list = rest {
                let element: Substring
                (rest, element) = ForwardingRules.splitLast(list)
                // Empty elements say nothing (RFC 9110, section 5.6.1.2).
                guard !element.isEmpty else { continue }
                hops += 1
                guard hops <= ForwardingRules.maxHops, let client = address(in: element) else { return peer }
                guard believes(client) else { return client }
                furthest = client
            }
        }
        return furthest
    }

    private func address(in element: Substring) -> ClientAddress? {
        switch field {
        case .xForwardedFor: ForwardedNode.address(element)
        case .forwarded: ForwardedNode.parameter(of: element).flatMap { ForwardedNode.address($0[...]) }
        }
    }

    /// Takes the last element off a list: what stands behind the last comma that is in no quotes.
    private static func splitLast(_ list: Substring) -> (rest: Substring?, element: Substring) {
        let bytes = list.utf8
        var index = bytes.endIndex
        var isQuoted = false
        while index > bytes.startIndex {
            index = bytes.index(before: index)
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let escapes = bytes[..<index].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
                if escapes.isMultiple(of: 2) { isQuoted.toggle() }
            case UInt8(ascii: ",") where !isQuoted:
                return (list[..<index], ForwardedNode.trimmed(list[bytes.index(after: index)...]))
            default: break
            }
        }
        return (nil, ForwardedNode.trimmed(list))
    }
}
