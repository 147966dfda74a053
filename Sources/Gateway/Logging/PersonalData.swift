/// Shortens telephone numbers and names for logs, as `mask_personal_data` wants it.
///
/// Enough is left to tell two calls apart while looking for a fault, not enough to call anybody.
package struct PersonalData: Sendable {
    /// False: everything is logged as it is.
    package let isMasked: Bool

    package init(isMasked: Bool) {
        self.isMasked = isMasked
    }

    /// A telephone number with its country code and last two digits: `+49***88`.
    ///
    /// Anything with fewer than seven digits, or that is no number, is masked whole.
    package func number(_ number: String) -> String {
        guard isMasked else { return number }
        let digits = number.utf8.drop { $0 == UInt8(ascii: "+") }
        guard digits.count >= 7, digits.allSatisfy({ (48...57).contains($0) }) else { return "***" }
        // Zones 1 and 7 have country codes of one digit, the others of two or three (ITU-T E.164, annex D).
        let codeLength = digits.first == 49 || digits.first == 55 ? 1 : 2
        let plus = number.hasPrefix("+") ? "+" : ""
        return "\(plus)\(String(decoding: digits.prefix(codeLength), as: UTF8.self))***"
            + String(decoding: digits.suffix(2), as: UTF8.self)
    }

    /// A person's name with its first letter: `A***`.
    package func name(_ name: String) -> String {
        guard isMasked else { return name }
        return name.prefix(1) + "***"
    }
}
