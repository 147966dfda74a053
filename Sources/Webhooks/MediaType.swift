/// A media type (RFC 9110, section 8.3.1), parsed and not compared as text.
package struct MediaType: Equatable, Sendable {
    /// Type and subtype in lower case: `application/x-www-form-urlencoded`.
    package let essence: String
    /// The value of the first `charset` parameter in lower case, without quotes.
    package let charset: String?

    /// Parses a `Content-Type` value; nil when it is none.
    package init?(_ text: String) {
        var parser = Parser(bytes: Array(text.utf8))
        guard let type = parser.token(), parser.take(UInt8(ascii: "/")), let subtype = parser.token() else { return nil }
        var charset: String?
        parser.skipSpace()
        while parser.take(UInt8(ascii: ";")) {
            parser.skipSpace()
            // An empty parameter, as in a trailing semicolon, is allowed.
            guard let name = parser.token() else { continue }
            guard parser.take(UInt8(ascii: "=")), let value = parser.quoted() ?? parser.token() else { return nil }
            if name == "charset", charset == nil { charset = value }
            parser.skipSpace()
        }
        guard parser.isAtEnd else { return nil }
        essence = type + "/" + subtype
        self.charset = charset
    }

    /// Takes tokens and quoted strings (RFC 9110, section 5.6) from a field value, in lower case.
    private struct Parser {
        let bytes: [UInt8]
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func skipSpace() {
            while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        }

        mutating func token() -> String? {
            let start = index
            while index < bytes.count, Parser.isTokenByte(bytes[index]) { index += 1 }
            return index > start ? Parser.lowercased(bytes[start..<index]) : nil
        }

        mutating func quoted() -> String? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            var content: [UInt8] = []
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                switch byte {
                case UInt8(ascii: "\""): return Parser.lowercased(content[...])
                case UInt8(ascii: "\\"):
                    guard index < bytes.count else { return nil }
                    content.append(bytes[index])
                    index += 1
                default: content.append(byte)
                }
            }
            return nil
        }

        private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
            String(decoding: bytes.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
        }

        private static func isTokenByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E:
                true
            default: false
            }
        }
    }
}
