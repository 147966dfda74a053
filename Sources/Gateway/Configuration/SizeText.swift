/// Sizes as the configuration writes them: `64KiB`, `1MiB`, `2GiB`, or a bare number of bytes.
enum SizeText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
    ]

    /// Nil when it is no size, or one beyond counting.
    static func parse(_ text: String) -> Int? {
        let digits = text.utf8.prefix { $0 >= 48 && $0 <= 57 }
        guard !digits.isEmpty, let number = Int(String(text.prefix(digits.count))) else { return nil }
        let suffix = text.dropFirst(digits.count)
        guard let unit = units.first(where: { $0.suffix == suffix }) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// The shortest exact form: `64KiB`.
    static func format(_ bytes: Int) -> String {
        for unit in units.reversed() where bytes % unit.bytes == 0 && bytes > 0 {
            return "\(bytes / unit.bytes)\(unit.suffix)"
        }
        return "\(bytes)"
    }
}
