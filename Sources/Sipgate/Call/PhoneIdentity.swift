/// A telephone number as it is compared: formats differ between fields and carriers.
package struct PhoneIdentity: Sendable, Hashable {
    /// Digits that are enough to recognise a number without its country or area, and to take a text for one.
    package static let telling = 7
    /// How many endings of so many digits there are.
    static let endings: UInt64 = 10_000_000
    /// What people write between digits.
    static let separators = " -/.()"

    /// Whether a byte is one of the ten digits of ASCII.
    package static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    /// Digits without plus or `00`; other text as it is.
    private let text: String
    private let isNumeric: Bool

    /// The identity of a number; nil for text that names nobody.
    init?(_ raw: String) {
        guard !raw.isEmpty, raw != "anonymous" else { return nil }
        var digits: [UInt8] = []
        var isNumeric = true
        for byte in raw.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte)
            case UInt8(ascii: "+"), UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "("),
                UInt8(ascii: ")"), UInt8(ascii: "."):
                break
            default: isNumeric = false
            }
        }
        self.isNumeric = isNumeric && !digits.isEmpty
        if raw.utf8.first != UInt8(ascii: "+"), digits.starts(with: "00".utf8) { digits.removeFirst(2) }
        text = self.isNumeric ? String(decoding: digits, as: UTF8.self) : raw
    }

    /// What the same number has in common however it is written, as a number: its last digits, or else all of its text.
    ///
    /// Nil for text that names nobody. Different numbers may have the same.
    package static func bucket(of raw: String) -> UInt64? {
        guard !raw.isEmpty, raw != "anonymous" else { return nil }
        var digits: UInt64 = 0
        var count = 0
        var text: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a (Fowler, Noll, Vo)
        var isNumeric = true
        for byte in raw.utf8 {
            text = (text ^ UInt64(byte)) &* 0x100_0000_01B3
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits = (digits * 10 + UInt64(byte - 48)) % endings
                count += 1
            case UInt8(ascii: "+"), UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "("),
                UInt8(ascii: ")"), UInt8(ascii: "."):
                break
            default: isNumeric = false
            }
        }
        return isNumeric && count > 0 ? digits : text
    }

    /// Where the first text stands that looks like a number: seven digits or more in a row.
    ///
    /// Behind a plus or a zero, a blank, a hyphen or a slash may stand between two.
    package static func firstNumber(in text: Substring) -> Range<Substring.Index>? {
        let bytes = text.utf8
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let start = index
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] || bytes[index] == UInt8(ascii: "+") else {
                index = bytes.index(after: index)
                continue
            }
            let mayBreak = bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "0")
            var count = 0
            var end = index
            var wasBreak = false
            if bytes[index] == UInt8(ascii: "+") { index = bytes.index(after: index) }
            while index < bytes.endIndex {
                if UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] {
                    count += 1
                    wasBreak = false
                } else if mayBreak, !wasBreak, count > 0, " -/".utf8.contains(bytes[index]) {
                    wasBreak = true
                } else {
                    break
                }
                index = bytes.index(after: index)
                if !wasBreak { end = index }
            }
            if count >= telling { return start..<end }
        }
        return nil
    }

    /// Whether both are one number: equal, or one is the other without its country or area.
    func isSame(as other: PhoneIdentity) -> Bool {
        if text == other.text { return true }
        guard isNumeric, other.isNumeric else { return false }
        let (short, long) = text.count < other.text.count ? (text, other.text) : (other.text, text)
        // A zero in front stands for the country that is not written.
        let core = short.hasPrefix("0") ? short.dropFirst() : short[...]
        return core.count >= PhoneIdentity.telling && long.hasSuffix(core)
    }
}
