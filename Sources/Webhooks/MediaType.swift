/// A media type (RFC 9110, section 8.3.1): `type/subtype` and parameters.
package struct MediaType: Sendable {
    /// Type, slash and subtype in lower case.
    package let essence: String
    /// The parameters in order, duplicates kept: names in lower case, values as sent without their quotes.
    package let parameters: [(name: String, value: String)]

    /// Parses the value of a `Content-Type` field; nil when it does not follow the grammar.
    package init?(_ text: String) {
        var cursor = Cursor(bytes: Array(text.utf8))
        cursor.skipBlanks()
        guard let type = cursor.token(), cursor.skip(UInt8(ascii: "/")), let subtype = cursor.token() else {
            return nil
        }
        var parameters: [(name: String, value: String)] = []
        cursor.skipBlanks()
        while cursor.skip(UInt8(ascii: ";")) {
            cursor.skipBlanks()
            // A parameter may be missing between two semicolons (RFC 9110, section 5.6.6).
            guard let name = cursor.token() else { continue }
            guard cursor.skip(UInt8(ascii: "=")), let value = cursor.token() ?? cursor.quoted() else { return nil }
            parameters.append((name.lowercased(), value))
            cursor.skipBlanks()
        }
        guard cursor.isAtEnd else { return nil }
        essence = "\(type)/\(subtype)".lowercased()
        self.parameters = parameters
    }

    /// Whether every `charset` parameter says UTF-8; true when there is none.
    package var isUTF8: Bool {
        parameters.allSatisfy { $0.name != "charset" || $0.value.lowercased() == "utf-8" }
    }
}

/// A place in the bytes of a field value.
private struct Cursor {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// Skips optional white space (RFC 9110, section 5.6.3).
    mutating func skipBlanks() {
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") {
            index += 1
        }
    }

    /// A token (RFC 9110, section 5.6.2), of one character at least.
    mutating func token() -> String? {
        let start = index
        while index < bytes.count, Cursor.isTokenCharacter(bytes[index]) { index += 1 }
        return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
    }

    /// The content of a quoted string (RFC 9110, section 5.6.4).
    mutating func quoted() -> String? {
        guard skip(UInt8(ascii: "\"")) else { return nil }
        var content: [UInt8] = []
        while index < bytes.count {
            var byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard index < bytes.count else { return nil }
                byte = bytes[index]
                index += 1
            }
            guard byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") else { return nil }
            content.append(byte)
        }
        return nil
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^")...UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
