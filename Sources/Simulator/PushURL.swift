/// An address that a provider posts to: `https://user:password@host:port/path?query`.
///
/// The password is in no description.
package struct PushURL: Sendable, Equatable, CustomStringConvertible {
    /// Why a text is no such address, in words that follow it.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Whether it is https; plain http is for receivers that are examined on this machine.
    package let isEncrypted: Bool
    /// The host as written, without brackets; lower case.
    package let host: String
    package let port: Int
    /// Path and query as they go into the request line.
    package let target: String
    /// User and password, percent-decoded.
    package let credentials: PushCredentials?

    /// Parses an absolute https URL (RFC 3986, appendix A, what of it can occur here).
    ///
    /// - Parameters:
    ///   - text: the address.
    ///   - takesPlain: whether http will do.
    /// - Throws: what is wrong; never the text itself, which may hold a password.
    package init(_ text: String, takesPlain: Bool = false) throws(Problem) {
        isEncrypted = text.lowercased().hasPrefix("https://")
        guard isEncrypted || takesPlain && text.lowercased().hasPrefix("http://") else {
            throw Problem(description: "is not an https address")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#") else {
            throw Problem(description: "holds a character that no address may hold")
        }
        let rest = text.dropFirst(isEncrypted ? 8 : 7)
        var authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[authority.endIndex...]
        if let at = authority.lastIndex(of: "@") {
            credentials = try PushCredentials(userInformation: authority[..<at])
            authority = authority[authority.index(after: at)...]
        } else {
            credentials = nil
        }
        let hostEnd = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : authority.firstIndex(of: ":")
        if authority.hasPrefix("[") {
            guard let hostEnd else { throw Problem(description: "has an opening bracket only") }
            host = authority[authority.index(after: authority.startIndex)..<hostEnd].lowercased()
            authority = authority[authority.index(after: hostEnd)...]
        } else {
            host = authority[..<(hostEnd ?? authority.endIndex)].lowercased()
            authority = authority[(hostEnd ?? authority.endIndex)...]
        }
        guard !host.isEmpty else { throw Problem(description: "has no host") }
        if authority.isEmpty {
            port = isEncrypted ? 443 : 80
        } else {
            let digits = authority.dropFirst()
            guard authority.hasPrefix(":"), digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits),
                (1...65_535).contains(number)
            else { throw Problem(description: "has no valid port") }
            port = number
        }
        target = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// The value of the `Host` field: without the port where it is the scheme's own.
    package var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The address without user and password.
    package var description: String { "\(isEncrypted ? "https" : "http")://\(hostField)\(target)" }
}

/// A user with a password, which is in no description.
package struct PushCredentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    package let user: String
    private let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    /// `user:password`, percent-encoded.
    init(userInformation: Substring) throws(PushURL.Problem) {
        let colon = userInformation.firstIndex(of: ":")
        let name = userInformation[..<(colon ?? userInformation.endIndex)]
        let secret = colon.map { userInformation[userInformation.index(after: $0)...] } ?? ""
        guard let user = PercentCoding.decode(name), let password = PercentCoding.decode(secret), !user.contains(":")
        else {
            throw PushURL.Problem(description: "has user information that cannot be decoded")
        }
        self.init(user: user, password: password)
    }

    /// The value of the `Authorization` field (RFC 7617).
    var authorization: String { "Basic " + Base64.encode(Array("\(user):\(password)".utf8)) }

    package var description: String { user }
    package var debugDescription: String { user }
}
