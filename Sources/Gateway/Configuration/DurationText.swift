import NIOCore

/// Durations as the configuration writes them: `1500ms`, `5s`, `2m`, `24h`, `7d`.
///
/// A whole number and one unit.
enum DurationText {
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ]

    /// Nil when it is no duration, or one beyond counting.
    static func parse(_ text: String) -> TimeAmount? {
        let digits = text.utf8.prefix { $0 >= 48 && $0 <= 57 }
        guard !digits.isEmpty, let number = Int64(String(text.prefix(digits.count))) else { return nil }
        let suffix = text.dropFirst(digits.count)
        guard let unit = units.first(where: { $0.suffix == suffix }) else { return nil }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        return overflow ? nil : .nanoseconds(nanoseconds)
    }

    /// What to write instead of a text that is no duration.
    static func remedy(for text: String) -> String {
        let form = "write a whole number and a unit: `1500ms`, `5s`, `2m`, `24h` or `7d`"
        return Int64(text) != nil && !text.hasPrefix("-") ? "\(form); a bare number has no unit" : form
    }

    /// The shortest exact form: `90s`, `2m`.
    static func format(_ amount: TimeAmount) -> String {
        for unit in units.reversed() where amount.nanoseconds % unit.nanoseconds == 0 {
            return "\(amount.nanoseconds / unit.nanoseconds)\(unit.suffix)"
        }
        return "\(amount.nanoseconds)ns"
    }
}
