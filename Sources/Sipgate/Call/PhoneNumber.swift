/// What stood in `from` or `to`: usually a telephone number, and told apart when it is not.
///
/// The text stays beside its kind; a country is never guessed. Callers can forge it, so it authorises nothing.
struct PhoneNumber: Sendable, Equatable {
    /// What the text is.
    enum Kind: String, Sendable {
        /// No characters: the caller is not known, which is not the same as `anonymous`.
        case empty
        /// The word `anonymous`: the caller withholds the number.
        case anonymous
        /// Country code and number: 7 to 15 digits, the first not zero, perhaps after a plus.
        case number
        /// An extension or a service number: 1 to 6 digits, the first not zero.
        case short
        /// The id of a device, seen in internal calls: 5 to 9 digits, a lower-case letter, digits.
        case sipId
        /// Anything else of 1 to 64 visible ASCII characters.
        case other
    }

    /// What the text is.
    let kind: Kind
    /// The text as it was sent.
    let raw: String

    /// The number or what stands in its place; nil for text that can be neither.
    init?(_ text: String) {
        guard let kind = PhoneNumber.kind(of: text) else { return nil }
        self.kind = kind
        raw = text
    }

    /// A plus, country code and number (ITU-T E.164); nil unless it is a `number`.
    var e164: String? {
        guard kind == .number else { return nil }
        return raw.utf8.first == UInt8(ascii: "+") ? raw : "+" + raw
    }

    private static func kind(of text: String) -> Kind? {
        let bytes = text.utf8.span
        guard !bytes.isEmpty else { return .empty }
        guard bytes.count <= 64, text.isVisibleASCII else { return nil }
        if text == "anonymous" { return .anonymous }
        let start = bytes[0] == UInt8(ascii: "+") ? 1 : 0
        let end = endOfDigits(bytes, from: start)
        let count = end - start
        if end == bytes.count, count > 0, bytes[start] != UInt8(ascii: "0") {
            if 7...15 ~= count { return .number }
            if 1...6 ~= count, start == 0 { return .short }
        }
        let isSIPID =
            start == 0 && 5...9 ~= count && end + 1 < bytes.count
            && UInt8(ascii: "a")...UInt8(ascii: "z") ~= bytes[end] && endOfDigits(bytes, from: end + 1) == bytes.count
        return isSIPID ? .sipId : .other
    }

    private static func endOfDigits(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] { index += 1 }
        return index
    }
}
