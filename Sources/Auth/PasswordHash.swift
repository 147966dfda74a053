/// A password hash in the format of crypt(5), of a scheme that is good enough and a cost that can be borne.
///
/// Accepted are the schemes that Debian's `mkpasswd`, `htpasswd -B` and `openssl passwd -6` make:
///
/// | scheme | text | cost |
/// | --- | --- | --- |
/// | bcrypt | `$2b$`, `$2y$`, `$2a$` | 4 to 15: 12 is about 200 ms of a processor, each step doubles it |
/// | yescrypt | `$y$` | mkpasswd's 1 to 9: the default 5 is about 25 ms and 16 MiB, 9 is 350 ms and 256 MiB |
/// | sha512-crypt | `$6$` | 1,000 to 1,000,000 rounds: the default 5,000 is about 2 ms |
///
/// bcrypt looks at the first 72 bytes of a password only.
package struct PasswordHash: Sendable {
    /// Scheme and cost: what decides how much work a computation is.
    enum Scheme: Sendable, Hashable {
        case bcrypt(cost: Int)
        case yescrypt(parameters: String)
        case sha512(rounds: Int)

        /// How many characters of the text, at its end, are the hash proper.
        var digestLength: Int {
            switch self {
            case .bcrypt: 31
            case .yescrypt: 43
            case .sha512: 86
            }
        }
    }

    /// Scheme and cost.
    let scheme: Scheme
    /// The whole text, ASCII.
    let text: String

    /// Reads a hash.
    ///
    /// - Throws: what is wrong with it, in words that do not repeat it.
    package init(_ text: String) throws(PasswordHashError) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0].isEmpty else { throw .unknownScheme(nil) }
        switch parts[1] {
        case "2a", "2b", "2y": scheme = try PasswordHash.bcrypt(parts)
        case "y": scheme = try PasswordHash.yescrypt(parts)
        case "6": scheme = try PasswordHash.sha512(parts)
        default:
            let isName = parts[1].utf8.count <= 8 && parts[1].utf8.allSatisfy { isHashCharacter($0) || $0 == 0x2D }
            throw .unknownScheme(isName ? "$\(parts[1])$" : nil)
        }
        self.text = text
    }

    private static func bcrypt(_ parts: [Substring]) throws(PasswordHashError) -> Scheme {
        guard
            parts.count == 4, parts[2].utf8.count == 2, let cost = Int(parts[2]),
            parts[3].utf8.count == 53, parts[3].utf8.allSatisfy(isHashCharacter)
        else { throw .damaged("bcrypt") }
        guard (4...15).contains(cost) else { throw .costOutOfRange("bcrypt", "a cost of 4 to 15") }
        return .bcrypt(cost: cost)
    }

    private static func yescrypt(_ parts: [Substring]) throws(PasswordHashError) -> Scheme {
        guard
            parts.count == 5, parts[2].utf8.count >= 3, parts[2].utf8.allSatisfy(isHashCharacter),
            (1...86).contains(parts[3].utf8.count), parts[3].utf8.allSatisfy(isHashCharacter),
            parts[4].utf8.count == 43, parts[4].utf8.allSatisfy(isHashCharacter)
        else { throw .damaged("yescrypt") }
        // What crypt_gensalt(3) makes of the costs 1 to 9. Anything else is a memory size that nobody has measured.
        let usual = ["j75", "j85", "j7T", "j8T", "j9T", "jAT", "jBT", "jCT", "jDT"]
        guard usual.contains(String(parts[2])) else { throw .costOutOfRange("yescrypt", "mkpasswd's costs 1 to 9") }
        return .yescrypt(parameters: String(parts[2]))
    }

    private static func sha512(_ parts: [Substring]) throws(PasswordHashError) -> Scheme {
        let hasRounds = parts[2].hasPrefix("rounds=")
        guard
            parts.count == (hasRounds ? 5 : 4),
            (1...16).contains(parts[parts.count - 2].utf8.count),
            parts[parts.count - 2].utf8.allSatisfy(isHashCharacter),
            parts[parts.count - 1].utf8.count == 86, parts[parts.count - 1].utf8.allSatisfy(isHashCharacter)
        else { throw .damaged("sha512-crypt") }
        guard hasRounds else { return .sha512(rounds: 5000) }
        let digits = parts[2].dropFirst("rounds=".count)
        guard let rounds = Int(digits), digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), digits.first != "0"
        else { throw .damaged("sha512-crypt") }
        guard (1000...1_000_000).contains(rounds)
        else { throw .costOutOfRange("sha512-crypt", "1,000 to 1,000,000 rounds") }
        return .sha512(rounds: rounds)
    }
}

/// The alphabet of crypt(5): letters, digits, full stop and slash.
private func isHashCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"):
        true
    default: false
    }
}

/// Why a hash is not accepted, or none could be made.
///
/// `description` is a sentence for the operator, without the hash or the password.
package enum PasswordHashError: Error, Equatable, CustomStringConvertible {
    /// Of no accepted scheme; its mark (`$apr1$`), where it has one.
    case unknownScheme(String?)
    /// The named scheme, but not a whole hash of it.
    case damaged(String)
    /// The named scheme, with a cost outside of what is said in words.
    case costOutOfRange(String, String)
    /// The password is longer than 511 bytes, or has control characters, which no client can send.
    case unusablePassword
    /// libcrypt refused to make a hash.
    case notMade

    package var description: String {
        let advice = "Make one with `hookgate password`."
        return switch self {
        case .unknownScheme(let mark):
            "\(mark.map { "hashes of the scheme \($0) are" } ?? "this is") not accepted; accepted are "
                + "yescrypt ($y$), bcrypt ($2b$, $2y$, $2a$) and sha512-crypt ($6$). \(advice)"
        case .damaged(let scheme):
            "this begins like \(scheme), but is not a whole hash: was it cut, or are its dollar signs gone? \(advice)"
        case .costOutOfRange(let scheme, let range):
            "the cost of this \(scheme) hash is out of range; accepted are \(range). \(advice)"
        case .unusablePassword:
            "a password has at most 511 bytes and no control characters."
        case .notMade:
            "libcrypt could not make a hash."
        }
    }
}
