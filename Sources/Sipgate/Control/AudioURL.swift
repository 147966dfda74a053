/// The absolute https address of a sound file, which sipgate fetches (RFC 3986).
package struct AudioURL: Sendable, Equatable {
    /// Longer addresses are a mistake or an attack on somebody's parser.
    static let maxBytes = 2048

    /// The address, as it was given.
    package let text: String

    /// An address.
    ///
    /// - Throws: The rule that the text breaks.
    init(_ text: String) throws(Fault) {
        if let rule = AudioURL.fault(in: text) { throw Fault(rule: rule) }
        self.text = text
    }

    /// Why a text is no such address.
    struct Fault: Error {
        let rule: String
    }

    private static func fault(in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard bytes.count <= maxBytes else { return "an address has \(maxBytes) bytes at most" }
        guard text.prefix(8).lowercased() == "https://" else {
            return "the address of a sound file is absolute and begins with https://"
        }
        guard bytes.allSatisfy(isAllowed) else {
            return "an address is written in the characters of RFC 3986; percent-encode all others"
        }
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            let digits = bytes[(index + 1)...].prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
                return "two hexadecimal digits follow a percent sign"
            }
        }
        let rest = bytes.dropFirst(8)
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        guard isHost(authority.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).last ?? []) else {
            return "a host, and a port from 1 to 65535 if there is one, follow https://"
        }
        return nil
    }

    /// RFC 3986, section 2: unreserved, reserved and the percent sign.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
        }
    }

    private static func isHost(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")), end > rest.startIndex + 2 else { return false }
            let address = rest[(rest.startIndex + 1)..<end]
            guard
                address.allSatisfy({
                    $0 == UInt8(ascii: ":") || Character(Unicode.Scalar($0)).isHexDigit || $0 == UInt8(ascii: ".")
                })
            else { return false }
            rest = rest[(end + 1)...]
        } else {
            let name = rest.prefix { $0 != UInt8(ascii: ":") }
            guard !name.isEmpty, !name.contains(where: { "[]".utf8.contains($0) }) else { return false }
            rest = rest.dropFirst(name.count)
        }
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        guard colon == UInt8(ascii: ":"), port.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return false
        }
        // Int() takes a sign, which a port has not.
        return Int(String(decoding: port, as: UTF8.self)).map { 1...65535 ~= $0 } ?? false
    }
}
