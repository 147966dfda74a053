/// Which texts are password hashes that crypt(5) can check and that are strong enough to be used.
enum PasswordHashText {
    /// Why a text is no usable hash; nil when it is one.
    ///
    /// Never repeats the text.
    static func problem(_ text: String) -> String? {
        let accepted = ["$2a$", "$2b$", "$2y$", "$y$", "$6$"]
        guard accepted.contains(where: text.hasPrefix) else {
            if text.hasPrefix("$apr1$") || text.hasPrefix("$1$") || text.hasPrefix("{SHA}") {
                return "is a hash too weak to be accepted"
            }
            return "is no bcrypt, yescrypt or sha512-crypt hash"
        }
        let hashBytes = text.utf8.allSatisfy { byte in
            (46...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ",")
        }
        guard hashBytes, text.split(separator: "$", omittingEmptySubsequences: false).count >= 4, !text.hasSuffix("$"),
            !text.hasPrefix("$2") || text.utf8.count == 60
        else { return "is cut short or damaged" }
        return nil
    }

    /// How to get a good one.
    static let remedy = "`hookgate password` makes one"
}
