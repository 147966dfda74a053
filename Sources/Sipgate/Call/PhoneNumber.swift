/// What stands in `from` and `to`: often a number, and often not. The text as received stays beside the normal form.
struct PhoneNumber: Equatable, Sendable {
    /// What kind of address the text is.
    enum Kind: String, Sendable {
        /// No characters: the caller is unknown. Not the same as `anonymous`.
        case empty
        /// The word itself: the caller withholds the number.
        case anonymous
        /// 7 to 15 digits with country code, perhaps with a plus.
        case number
        /// 1 to 6 digits: an extension or a service number.
        case short
        /// A sipgate device, such as `1234567e0`.
        case sipID = "sipId"
        /// Visible ASCII of another form.
        case other
    }

    /// The text as received.
    let raw: String
    /// What it is.
    let kind: Kind

    /// Classifies the text; nil when it is no address at all.
    ///
    /// - Parameter raw: 0 to 64 visible ASCII characters.
    init?(_ raw: String) {
        self.raw = raw
        let bytes = raw.utf8
        guard bytes.count <= 64, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let digits = bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
        let isNumeric = !digits.isEmpty && digits.allSatisfy(\.isDigit) && digits.first != UInt8(ascii: "0")
        if bytes.isEmpty {
            kind = .empty
        } else if raw == "anonymous" {
            kind = .anonymous
        } else if isNumeric, (7...15).contains(digits.count) {
            kind = .number
        } else if isNumeric, digits.count == bytes.count, bytes.count <= 6 {
            kind = .short
        } else if PhoneNumber.isSipID(bytes) {
            kind = .sipID
        } else {
            kind = .other
        }
    }

    /// The number with a plus and its country code (ITU-T E.164); nil for every other kind.
    var e164: String? {
        guard kind == .number else { return nil }
        return raw.hasPrefix("+") ? raw : "+" + raw
    }

    /// 5 to 9 digits, one lower-case letter, digits.
    private static func isSipID(_ bytes: String.UTF8View) -> Bool {
        let account = bytes.prefix(while: \.isDigit)
        let rest = bytes.dropFirst(account.count)
        guard (5...9).contains(account.count), let letter = rest.first, letter >= 0x61, letter <= 0x7A else {
            return false
        }
        let extensionDigits = rest.dropFirst()
        return !extensionDigits.isEmpty && extensionDigits.allSatisfy(\.isDigit)
    }
}

extension UInt8 {
    /// An ASCII digit.
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
}
