package import Webhooks

/// Which route a request target belongs to: exact match of the raw path, nothing normalised.
///
/// `//hook`, `/x/../hook`, `%2f` and another case are other paths: 404. One immutable snapshot, shared by all loops.
package struct RouteTable: Sendable {
    /// A route that was found, and what of the path was behind it.
    package struct Match: Sendable {
        /// The position of the route in the configuration.
        package let index: Int
        /// The route.
        package let route: Route
        /// Present when the target is a follow-up address.
        package let followUp: FollowUp?
    }

    private let routes: [Route]
    private let byPath: [String: Int]

    /// - Parameters:
    ///   - routes: By number.
    ///   - served: The numbers of those that are found; nil: all.
    package init(_ routes: [Route], served: Set<Int>? = nil) {
        self.routes = routes
        let found = routes.enumerated().filter { served?.contains($0.offset) ?? true }
        byPath = Dictionary(found.map { ($1.path, $0) }) { first, _ in first }
    }

    /// The route at a position of the configuration.
    package subscript(_ index: Int) -> Route { routes[index] }

    /// Finds the route of a request target (RFC 9112, section 3.2: origin form, or absolute form).
    package func match(_ target: String) -> Match? {
        let path = RouteTable.path(of: target)
        if let index = byPath[path] { return Match(index: index, route: routes[index], followUp: nil) }
        // A follow-up address: <route>/<kind>/<token>.
        let bytes = path.utf8
        guard let tokenSlash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let beforeToken = path[..<tokenSlash]
        guard let kindSlash = beforeToken.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        // The path "/" adds nothing to its follow-up addresses: /<kind>/<token>.
        let prefix = kindSlash == path.startIndex ? "/" : String(path[..<kindSlash])
        guard prefix != "/" || kindSlash == path.startIndex, let index = byPath[prefix] else { return nil }
        let kind = path[path.index(after: kindSlash)..<tokenSlash]
        let token = path[path.index(after: tokenSlash)...]
        guard !kind.isEmpty, !token.isEmpty else { return nil }
        return Match(index: index, route: routes[index], followUp: FollowUp(kind: String(kind), token: String(token)))
    }

    /// Whether a target is a path and nothing else, which it is as good as always.
    private static func isPath(_ target: String) -> Bool {
        let bytes = target.utf8.span
        guard !bytes.isEmpty, bytes[0] == UInt8(ascii: "/") else { return false }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "?") { return false }
        return true
    }

    /// The path of a target: without its query, and without scheme and authority in absolute form.
    private static func path(of target: String) -> String {
        if isPath(target) { return target }
        let bytes = target.utf8
        var start = bytes.startIndex
        if bytes.first != UInt8(ascii: "/"),
            let scheme = target.prefixEnd(of: "https://") ?? target.prefixEnd(of: "http://")
        {
            start = bytes[scheme...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
        }
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        return String(target[start..<end])
    }
}

extension String {
    /// Where a lower-case prefix ends, compared without ASCII case; nil when it is not there.
    fileprivate func prefixEnd(of prefix: String) -> Index? {
        var index = utf8.startIndex
        for wanted in prefix.utf8 {
            guard index < utf8.endIndex, utf8[index] | 0x20 == wanted | 0x20 else { return nil }
            index = utf8.index(after: index)
        }
        return index
    }
}
