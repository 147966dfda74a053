/// User and password of Basic authentication (RFC 7617), parsed strictly.
package struct BasicCredentials: Equatable, Sendable {
    /// The user-id: everything before the first colon.
    package let user: String
    /// The password: everything behind it, colons included.
    package let password: String

    /// Parses the value of an `Authorization` field.
    ///
    /// Total. Refused are other schemes, base64 with wrong alphabet, padding or leftover bits, bytes that are no UTF-8,
    /// a missing colon, and control characters: a NUL would end a C string, and what follows it would not be compared.
    ///
    /// - Parameter value: the field's value, without surrounding white space.
    package init?(_ value: some StringProtocol) {
        var bytes = Array(value.utf8)[...]
        for letter in "basic".utf8 {
            guard let byte = bytes.popFirst(), byte | 0x20 == letter else { return nil }
        }
        guard bytes.first == UInt8(ascii: " ") else { return nil }
        bytes = bytes.drop { $0 == UInt8(ascii: " ") }
        guard let decoded = BasicCredentials.decodeBase64(bytes),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":")),
            decoded.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let user = String(validating: decoded[..<colon], as: UTF8.self),
            let password = String(validating: decoded[(colon + 1)...], as: UTF8.self)
        else { return nil }
        self.user = user
        self.password = password
    }

    /// base64 (RFC 4648, section 4). Padding may be left out, as some clients do, but not be wrong.
    private static func decodeBase64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var digits = text
        var padding = 0
        while digits.last == UInt8(ascii: "="), padding < 2 {
            digits.removeLast()
            padding += 1
        }
        guard padding == 0 || text.count % 4 == 0, digits.count % 4 != 1 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case 0x41...0x5A: value = digit - 0x41
            case 0x61...0x7A: value = digit - 0x61 + 26
            case 0x30...0x39: value = digit - 0x30 + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        // Leftover bits that are set would let two texts mean one credential.
        guard bits & (1 << count - 1) == 0 else { return nil }
        return out
    }
}
