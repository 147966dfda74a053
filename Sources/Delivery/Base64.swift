/// Base64 with the standard alphabet and padding: RFC 4648, section 4.
enum Base64 {
    private static let alphabet: InlineArray<64, UInt8> = {
        var alphabet = InlineArray<64, UInt8>(repeating: 0)
        for index in 0..<26 {
            alphabet[index] = UInt8(ascii: "A") + UInt8(index)
            alphabet[26 + index] = UInt8(ascii: "a") + UInt8(index)
        }
        for index in 0..<10 { alphabet[52 + index] = UInt8(ascii: "0") + UInt8(index) }
        alphabet[62] = UInt8(ascii: "+")
        alphabet[63] = UInt8(ascii: "/")
        return alphabet
    }()

    /// The 44 characters for 32 bytes.
    static func encode(_ bytes: InlineArray<32, UInt8>) -> InlineArray<44, UInt8> {
        var text = InlineArray<44, UInt8>(repeating: UInt8(ascii: "="))
        for group in 0..<11 {
            let last = group == 10
            let third = last ? 0 : Int(bytes[group * 3 + 2])
            let bits = Int(bytes[group * 3]) << 16 | Int(bytes[group * 3 + 1]) << 8 | third
            text[group * 4] = alphabet[bits >> 18]
            text[group * 4 + 1] = alphabet[bits >> 12 & 63]
            text[group * 4 + 2] = alphabet[bits >> 6 & 63]
            if !last { text[group * 4 + 3] = alphabet[bits & 63] }
        }
        return text
    }

    /// The bytes of a text; nil when it is not base64.
    ///
    /// Padding may be missing, but not be wrong.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(character) else { return nil }
            bits = (bits << 6 | value) & 0xFF_FFFF
            count += 1
            if count % 4 != 1 { bytes.append(UInt8(truncatingIfNeeded: bits >> ((3 - (count - 1) % 4) * 2))) }
        }
        let isWhole = padding == 0 ? count % 4 != 1 : padding < 3 && (count + padding) % 4 == 0
        // Bits beyond the last whole byte have to be zero.
        let rest = count % 4 == 2 ? bits & 0xF : count % 4 == 3 ? bits & 0x3 : 0
        return isWhole && rest == 0 ? bytes : nil
    }

    private static func value(_ character: UInt8) -> Int? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(character) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(character) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(character) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
