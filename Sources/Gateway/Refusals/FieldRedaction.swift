import Auth
import Edge
import Sipgate
import Webhooks

/// A header section as it may be kept: all names, and the values that are neither secret nor, where that is wanted, personal.
struct FieldRedaction {
    /// Names of configured users; others may be passwords in the wrong place.
    let users: Set<String>
    /// Whether what may name a person is masked.
    let masks: Bool

    private static let mostFields = 48
    private static let mostName = 64
    private static let mostValue = 200
    private static let secret = "(secret)"

    /// Fields whose values are as long and as mixed as keys are, and none.
    static let harmless: Set = [
        "accept", "accept-encoding", "accept-language", "content-length", "content-type", "content-encoding", "date",
        "expect", "forwarded", "host", "traceparent", "transfer-encoding", "via", "x-forwarded-for",
        "x-forwarded-proto", "x-real-ip", "x-request-id",
    ]
    /// What stands between the words of such a value.
    private static let between = " \t,;=\""
    /// What stands in the names of fields with secrets.
    private static let suspects = [
        "auth", "cookie", "credential", "jwt", "key", "pass", "secret", "session", "signature", "token",
    ]

    /// One line for each field.
    func text(_ fields: HeaderFields) -> String {
        var lines = fields.fields.prefix(FieldRedaction.mostFields).map { name, value in
            let field = masks ? ContentMask.maskedRuns(name) : name
            return
                "\(shown(field, FieldRedaction.mostName)): \(shown(self.value(of: name, value), FieldRedaction.mostValue))"
        }
        if fields.fields.count > lines.count { lines.append("…: \(fields.fields.count - lines.count) more") }
        return lines.joined(separator: "\n")
    }

    private func value(of name: String, _ value: String) -> String {
        let name = name.lowercased()
        if name == "authorization" || name == "proxy-authorization" { return authorization(value) }
        if FieldRedaction.harmless.contains(name) {
            // A trace is made of digits.
            let isTrace = name == "traceparent" && TraceParent.of(HeaderFields([(name, value)])) != nil
            guard masks, !isTrace, !isOwn(name, value) else { return value }
            return maskedButAddresses(value)
        }
        if name == "user-agent" { return agent(value) }
        if FieldRedaction.suspects.contains(where: name.contains) || isLikeToken(value) {
            return "\(FieldRedaction.secret), \(value.utf8.count) characters"
        }
        let shown = withoutCredentials(value)
        return masks ? ContentMask.masked(shown) : shown
    }

    /// A size, or an id as the gateway gives them out: both may hold seven digits in a row.
    ///
    /// More than ten digits, or a zero in front, are a number's and no size.
    private func isOwn(_ name: String, _ value: String) -> Bool {
        switch name {
        case "content-length":
            1...10 ~= value.utf8.count && value.utf8.first != UInt8(ascii: "0")
                && value.utf8.allSatisfy(PhoneIdentity.isDigit)
        case "x-request-id": RequestID(value) != nil && !value.utf8.allSatisfy(PhoneIdentity.isDigit)
        default: false
        }
    }

    /// Addresses of clients and proxies stay, with their ports; around them, what may be a number is masked.
    private func maskedButAddresses(_ value: String) -> String {
        var masked = ""
        var other = ""
        var rest = value[...]
        while !rest.isEmpty {
            let word = rest.prefix { !FieldRedaction.between.contains($0) }
            // A hidden port is a name that may be anything (RFC 7239, section 6.2).
            if !word.isEmpty, !word.contains("_"), ForwardedNode.address(word) != nil {
                masked += ContentMask.maskedRuns(other) + word
                other = ""
            } else {
                other += word
            }
            rest = rest[word.endIndex...]
            other += rest.prefix(1)
            rest = rest.dropFirst()
        }
        return masked + ContentMask.maskedRuns(other)
    }

    /// A program with its version (RFC 9110, section 10.1.5); anything else may be somebody's name.
    private func agent(_ value: String) -> String {
        guard masks else { return value }
        let product = value.prefix { $0 != " " }.split(separator: "/")
        let isProgram = product.count == 2 && product[1].first?.isNumber == true
        return isProgram ? ContentMask.maskedRuns(value) : ContentMask.masked(value)
    }

    /// An address may carry a secret in its query, and a user with a password in front of its host.
    private func withoutCredentials(_ value: String) -> String {
        guard let scheme = value.firstRange(of: "://") else { return value }
        let rest = value[scheme.upperBound...].prefix { $0 != "?" && $0 != "#" }
        let authority = rest.prefix { $0 != "/" }
        let host = authority.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return String(value[..<scheme.upperBound] + host)
    }

    /// The scheme, and of Basic the user who is known, or how long the name is.
    private func authorization(_ value: String) -> String {
        let scheme = value.prefix { $0 != " " }
        guard let credentials = BasicCredentials.parse(value) else {
            // Without a blank behind it, it is a password in the place of a scheme.
            let isScheme =
                scheme.endIndex < value.endIndex && scheme.count <= 16
                && scheme.allSatisfy { $0.isASCII && $0.isLetter }
            return "\(isScheme ? scheme : "?") \(FieldRedaction.secret), \(value.utf8.count) characters"
        }
        let user = credentials.user
        let shown = users.contains(user) ? user : "(a name of \(user.utf8.count) bytes that no user has)"
        return "Basic \(shown):\(FieldRedaction.secret)"
    }

    /// Long, without blanks, letters mixed with digits: as keys and tokens are.
    private func isLikeToken(_ value: String) -> Bool {
        let words = value.split { " ,;=\"".contains($0) }
        return words.contains { word in
            word.utf8.count >= 20 && word.contains(where: \.isNumber) && word.contains(where: \.isLetter)
                && word.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
    }

    private func shown(_ text: String, _ limit: Int) -> String {
        let cut = text.count > limit ? text.prefix(limit) + "…" : text[...]
        return String(cut).escaped
    }
}
