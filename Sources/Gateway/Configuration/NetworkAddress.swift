/// A host with a port, as a listener or a URL names it.
struct NetworkAddress: Equatable {
    /// Why a text is no address, in words that follow the text.
    struct Problem: Error, Equatable {
        let reason: String
        let remedy: String
    }

    /// A name or an IP address; an IPv6 address without its brackets.
    let host: String
    /// Nil when none is given.
    let port: Int?

    /// Whether the host is an IPv6 address.
    var isIPv6: Bool { host.contains(":") }

    /// As it is written: `host`, `host:port` or `[IPv6]:port`.
    var shown: String { port.map { NetworkAddress.shown(host, $0) } ?? NetworkAddress.shown(host) }

    /// A host as it stands in a URL: an IPv6 address in brackets (RFC 3986, section 3.2.2).
    static func shown(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// A host and its port, `127.0.0.1:8443` or `[::1]:8443`.
    static func shown(_ host: String, _ port: Int) -> String { "\(shown(host)):\(port)" }

    /// Parses `host`, `host:port` or `[IPv6]:port` (RFC 3986, section 3.2, without user information).
    init(_ text: Substring) throws(Problem) {
        guard !text.contains("@") else {
            throw Problem(reason: "holds user information", remedy: "remove everything up to the `@`")
        }
        var rest = text
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else {
                throw Problem(reason: "has an opening bracket only", remedy: "write `[::1]:8443`")
            }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            guard NetworkAddress.isIPv6(host) else {
                throw Problem(reason: "has no IPv6 address in its brackets", remedy: "write `[::1]:8443`")
            }
            rest = rest[rest.index(after: end)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<end])
            rest = rest[end...]
            guard rest.filter({ $0 == ":" }).count <= 1 else {
                throw Problem(
                    reason: "has more than one colon",
                    remedy: "put an IPv6 address in brackets: `[::1]:8443`"
                )
            }
            guard NetworkAddress.isNameOrIPv4(host) else {
                throw Problem(
                    reason: "has no valid host",
                    remedy: "a name or an IP address, letters, digits, `-` and `.`"
                )
            }
        }
        guard !rest.isEmpty else {
            port = nil
            return
        }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), !digits.isEmpty, digits.count <= 5,
            digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(digits), number <= 65_535
        else { throw Problem(reason: "has no valid port", remedy: "a number up to 65535") }
        port = number
    }

    /// Hexadecimal groups, colons and an IPv4 tail: enough to send it to the system, which decides.
    private static func isIPv6(_ text: String) -> Bool {
        let bytes = text.utf8
        return text.contains(":") && bytes.count <= 45
            && bytes.allSatisfy { byte in
                (48...58).contains(byte) || byte == 46 || (97...102).contains(byte | 0x20)
            }
    }

    /// Labels of letters, digits and inner hyphens (RFC 1123, section 2.1); all digits means an IPv4 address of four octets.
    private static func isNameOrIPv4(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        for label in labels {
            guard !label.isEmpty, label.utf8.count <= 63, !label.hasPrefix("-"), !label.hasSuffix("-"),
                label.utf8.allSatisfy({
                    (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == 45 || $0 == 95
                })
            else { return false }
        }
        // The last label of a name is never all digits (RFC 3696, section 2), so that what looks like an address is one.
        guard let last = labels.last, last.utf8.allSatisfy({ (48...57).contains($0) }) else { return true }
        return labels.count == 4 && labels.allSatisfy { $0.count <= 3 && (Int($0) ?? 256) <= 255 }
    }
}
