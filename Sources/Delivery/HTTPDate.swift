internal import Webhooks

/// The three forms of a date in an HTTP field, all of which a recipient has to take: RFC 9110, section 5.6.7.
///
///     Sun, 06 Nov 1994 08:49:37 GMT    ; IMF-fixdate
///     Sunday, 06-Nov-94 08:49:37 GMT   ; RFC 850
///     Sun Nov  6 08:49:37 1994         ; asctime
enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// The moment, or nil when the text is no date.
    static func parse(_ text: String) -> Timestamp? {
        guard text.utf8.count <= 40 else { return nil }
        var words = text.lowercased().split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        if words.last == "gmt" { words.removeLast() }
        guard words.count == 5 else { return nil }
        // Without the day's name: day, month, year, time; asctime: month, day, time, year.
        words.removeFirst()
        if months.contains(words[0]) { words = [words[1], words[0], words[3], words[2]] }
        let time = words[3].split(separator: ":").compactMap { number($0, digits: 2) }
        guard
            let month = months.firstIndex(of: words[1]),
            let day = number(words[0], digits: 2), (1...31).contains(day),
            let year = number(words[2], digits: 4),
            time.count == 3, time[0] < 24, time[1] < 60, time[2] <= 60
        else { return nil }
        // RFC 850 has two digits of the year, and what would be more than 50 years ahead is the past.
        let whole = words[2].utf8.count == 2 ? (year < 76 ? 2000 : 1900) + year : year
        guard whole >= 1970 else { return Timestamp(milliseconds: 0) }
        let days = days(year: whole, month: month + 1, day: day)
        return Timestamp(milliseconds: (Int64(days) * 86_400 + Int64(time[0] * 3600 + time[1] * 60 + time[2])) * 1000)
    }

    private static func number(_ text: some StringProtocol, digits: Int) -> Int? {
        guard (1...digits).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    /// Days since 1970-01-01, after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
