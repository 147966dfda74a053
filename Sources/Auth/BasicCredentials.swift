/// A user-id and a password, as the value of an `Authorization` field carries them (RFC 7617, section 2).
///
/// The parser is total and strict. The scheme is matched without regard to case and followed by one or more spaces. Then
/// comes base64 (RFC 4648, section 4) to the end of the value: its padding is required and its unused bits are zero,
/// so one pair of user-id and password has one text only. Decoded, it is valid UTF-8 without control characters (NUL
/// is one: a C string would end there, and what follows would never be compared). The first colon separates.
package struct BasicCredentials: Sendable {
    /// The most bytes of user-id, colon and password together.
    ///
    /// crypt(3) takes passwords of up to 511.
    package static let maxBytes = 1023

    /// User-id, colon and password.
    let joined: [UInt8]
    private let colon: Int

    /// The user-id, which may be empty and holds no colon.
    package var user: String {
        String(decoding: joined[..<colon], as: UTF8.self)
    }

    /// The bytes of the password, which may be empty and hold colons.
    package var password: [UInt8] {
        Array(joined[(colon + 1)...])
    }

    /// Reads the value of an `Authorization` field.
    ///
    /// - Returns: nil when it is of another scheme, or malformed in any way.
    package static func parse(_ value: String) -> BasicCredentials? {
        parse(value.utf8Span.span)
    }

    /// Reads the bytes of the value of an `Authorization` field.
    ///
    /// - Returns: nil when it is of another scheme, or malformed in any way.
    package static func parse(_ value: Span<UInt8>) -> BasicCredentials? {
        guard var index = endOfScheme(value), let joined = decode(value, from: &index) else { return nil }
        var colon: Int?
        var allBits: UInt8 = 0
        for position in joined.indices {
            let byte = joined[position]
            guard byte >= 0x20, byte != 0x7F else { return nil }
            if byte == UInt8(ascii: ":"), colon == nil { colon = position }
            allBits |= byte
        }
        guard let colon else { return nil }
        if allBits >= 0x80, (try? UTF8Span(validating: joined.span)) == nil { return nil }
        return BasicCredentials(joined: joined, colon: colon)
    }

    /// The index after `basic` and one or more spaces.
    private static func endOfScheme(_ value: Span<UInt8>) -> Int? {
        var index = 0
        for letter in "basic".utf8 {
            // Setting 0x20 makes a capital small, and no other byte becomes a small letter.
            guard index < value.count, value[index] | 0x20 == letter else { return nil }
            index += 1
        }
        let end = index
        while index < value.count, value[index] == UInt8(ascii: " ") { index += 1 }
        return index > end ? index : nil
    }

    /// Decodes base64 from `index` to the end.
    private static func decode(_ value: Span<UInt8>, from index: inout Int) -> [UInt8]? {
        let length = value.count - index
        guard length > 0, length % 4 == 0, length <= (maxBytes + 2) / 3 * 4 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length / 4 * 3)
        let end = value.count
        while index < end {
            var word: UInt32 = 0
            var padding = 0
            for position in index..<(index + 4) {
                let byte = value[position]
                if byte == UInt8(ascii: "="), end - position <= 2 {
                    padding += 1
                    word <<= 6
                } else {
                    let sextet = BasicCredentials.sextet(byte)
                    guard sextet < 64, padding == 0 else { return nil }
                    word = word << 6 | UInt32(sextet)
                }
            }
            index += 4
            // Of the last group only the bits of whole bytes may be set.
            guard word & (padding == 0 ? 0 : padding == 1 ? 0xFF : 0xFFFF) == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: word >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: word >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: word)) }
        }
        return bytes.count <= maxBytes ? bytes : nil
    }

    /// The six bits of a character of base64; 64 and more for any other byte.
    private static func sextet(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: 0xFF
        }
    }
}

extension BasicCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
