/// An absolute `http` or `https` URL in the strict form the configuration allows (RFC 9110, section 4.2).
struct HTTPAddress: Equatable {
    /// `http` or `https`.
    let scheme: String
    let network: NetworkAddress
    /// Path and query as written; empty when the URL ends behind the host.
    var target: String

    /// Parses a URL: no user information, no fragment, nothing that would have to be guessed.
    init(_ text: String) throws(NetworkAddress.Problem) {
        guard let end = text.firstRange(of: "://") else {
            throw NetworkAddress.Problem(reason: "is no absolute URL", remedy: "write `http://127.0.0.1:9000/events`")
        }
        scheme = String(text[..<end.lowerBound])
        guard scheme == "http" || scheme == "https" else {
            throw NetworkAddress.Problem(
                reason: "is neither http nor https",
                remedy: "write `http://127.0.0.1:9000/events`"
            )
        }
        let rest = text[end.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        network = try NetworkAddress(authority)
        target = String(rest[authority.endIndex...])
        guard !target.contains("#") else {
            throw NetworkAddress.Problem(reason: "has a fragment", remedy: "remove everything from the `#` on")
        }
        guard target.utf8.allSatisfy(HTTPAddress.isTargetByte) else {
            throw NetworkAddress.Problem(
                reason: "holds a character that no URL may hold",
                remedy: "write it percent-encoded: `%20` for a blank"
            )
        }
    }

    /// Visible ASCII without what RFC 3986 leaves out of paths and queries.
    private static func isTargetByte(_ byte: UInt8) -> Bool {
        guard byte > 0x20, byte < 0x7F else { return false }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            return false
        default:
            return true
        }
    }
}
