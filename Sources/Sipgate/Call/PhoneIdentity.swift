/// A telephone number as it is compared: formats differ between fields and carriers.
package struct PhoneIdentity: Sendable, Hashable {
    /// Digits that are enough to recognise a number without its country or area, and to take a text for one.
    package static let telling = 7
    /// How many endings of so many digits there are.
    static let endings: UInt64 = 10_000_000
    /// Whether a byte is one of the ten digits of ASCII.
    package static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    /// Whether people write a byte between the digits of a number.
    package static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "("),
            UInt8(ascii: ")"):
            true
        default: false
        }
    }

    /// Digits without plus or `00`; other text as it is.
    private let text: String
    private let isNumeric: Bool

    /// The identity of a number; nil for text that names nobody.
    init?(_ raw: String) {
        guard !raw.isEmpty, raw != "anonymous" else { return nil }
        var digits: [UInt8] = []
        var isNumeric = true
        for byte in raw.utf8 {
            if PhoneIdentity.isDigit(byte) {
                digits.append(byte)
            } else if byte != UInt8(ascii: "+"), !PhoneIdentity.isSeparator(byte) {
                isNumeric = false
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
            if isDigit(byte) {
                digits = (digits * 10 + UInt64(byte - 48)) % endings
                count += 1
            } else if byte != UInt8(ascii: "+"), !isSeparator(byte) {
                isNumeric = false
            }
        }
        return isNumeric && count > 0 ? digits : text
    }

    /// Where the first text stands that looks like a number: seven digits or more in a row.
    ///
    /// Behind a plus, or a zero in front of a digit, one separator may stand between two, or a blank with a bracket. A zero
    /// behind a digit and a dot begins no number: it is a part of an address.
    package static func firstNumber(in text: Substring) -> Range<Substring.Index>? {
        let bytes = text.utf8
        var index = bytes.startIndex
        // The two bytes in front.
        var before: (UInt8, UInt8) = (0, 0)
        while index < bytes.endIndex {
            let first = bytes[index]
            guard isDigit(first) || first == UInt8(ascii: "+") else {
                before = (before.1, first)
                index = bytes.index(after: index)
                continue
            }
            let start = index
            let next = bytes.index(after: index)
            let isArea = first == UInt8(ascii: "0") && !(isDigit(before.0) && before.1 == UInt8(ascii: "."))
            let mayBreak =
                first == UInt8(ascii: "+") || isArea && next < bytes.endIndex && bytes[next] != UInt8(ascii: ".")
            var count = 0
            var end = index
            if first == UInt8(ascii: "+") { index = next }
            while index < bytes.endIndex {
                guard isDigit(bytes[index]) else {
                    guard mayBreak, count > 0, let next = digit(behindSeparatorsAt: index, bytes) else { break }
                    index = next
                    continue
                }
                count += 1
                index = bytes.index(after: index)
                end = index
            }
            if count >= telling { return start..<end }
            index = max(end, bytes.index(after: start))
            before = (0, bytes[bytes.index(before: index)])
        }
        return nil
    }

    /// Where a digit goes on behind what may stand between two; nil where none does.
    private static func digit(
        behindSeparatorsAt index: Substring.Index,
        _ bytes: Substring.UTF8View
    ) -> Substring.Index? {
        guard isSeparator(bytes[index]) else { return nil }
        let next = bytes.index(after: index)
        guard next < bytes.endIndex else { return nil }
        if isDigit(bytes[next]) { return next }
        let isBracket =
            bytes[index] == UInt8(ascii: ")") && bytes[next] == UInt8(ascii: " ")
            || bytes[index] == UInt8(ascii: " ") && bytes[next] == UInt8(ascii: "(")
        let last = bytes.index(after: next)
        return isBracket && last < bytes.endIndex && isDigit(bytes[last]) ? last : nil
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
