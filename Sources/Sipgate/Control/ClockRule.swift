/// How clocks change every year: the rule at the end of time zone files, `CET-1CEST,M3.5.0,M10.5.0/3`
/// (POSIX.1-2017, section 8.3, and its extension in RFC 9636, section 3.3.1).
struct ClockRule: Equatable {
    private let standard: Int32
    private let summer: Summer?

    private struct Summer: Equatable {
        let offset: Int32
        let start: YearDay
        let end: YearDay
    }

    /// A day of the year and a second of that day, which may lie beside it.
    private struct YearDay: Equatable {
        enum Day: Equatable {
            /// Day 1 to 365, February 29 never counted.
            case julian(Int)
            /// Day 0 to 365, February 29 counted.
            case number(Int)
            /// A weekday, 0 being Sunday, of a week of a month; week 5 is the last.
            case weekday(month: Int, week: Int, day: Int)
        }

        let day: Day
        let second: Int32
    }

    /// A rule; nil for text that is none.
    init?(_ text: String) {
        var scanner = Scanner(text)
        guard scanner.name(), let standard = scanner.time(hours: 24) else { return nil }
        self.standard = -standard
        guard !scanner.isAtEnd else {
            summer = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = self.standard + 3600
        if !scanner.isNext(",") {
            guard let west = scanner.time(hours: 24) else { return nil }
            offset = -west
        }
        guard
            scanner.take(","), let start = ClockRule.yearDay(&scanner), scanner.take(","),
            let end = ClockRule.yearDay(&scanner), scanner.isAtEnd
        else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    /// The changes from a moment on, up to the last year of the table, in order.
    func changes(after moment: Int64) -> [(moment: Int64, offset: Int32)] {
        guard let summer else {
            return [(moment == .min || moment == .max ? moment : moment + 1, standard)]
        }
        let firstYear = moment == .min ? 1970 : max(1970, ClockRule.year(of: moment))
        guard firstYear <= TimeZoneTable.lastYear else { return [] }
        var changes: [(moment: Int64, offset: Int32)] = []
        for year in firstYear...TimeZoneTable.lastYear {
            // Local times are those of the clock that is about to be changed.
            changes.append((ClockRule.moment(summer.start, in: year) - Int64(standard), summer.offset))
            changes.append((ClockRule.moment(summer.end, in: year) - Int64(summer.offset), standard))
        }
        return changes.filter { $0.moment > moment }.sorted { $0.moment < $1.moment }
    }

    private static func yearDay(_ scanner: inout Scanner) -> YearDay? {
        let day: YearDay.Day
        if scanner.take("M") {
            guard
                let month = scanner.number(in: 1...12), scanner.take("."), let week = scanner.number(in: 1...5),
                scanner.take("."), let weekday = scanner.number(in: 0...6)
            else { return nil }
            day = .weekday(month: month, week: week, day: weekday)
        } else if scanner.take("J") {
            guard let number = scanner.number(in: 1...365) else { return nil }
            day = .julian(number)
        } else {
            guard let number = scanner.number(in: 0...365) else { return nil }
            day = .number(number)
        }
        guard scanner.take("/") else { return YearDay(day: day, second: 2 * 3600) }
        guard let second = scanner.time(hours: 167) else { return nil }
        return YearDay(day: day, second: second)
    }

    /// The moment of a rule in a year, in seconds since 1970 as the clock shows them.
    private static func moment(_ rule: YearDay, in year: Int) -> Int64 {
        let newYear = days(year, 1, 1)
        let day: Int
        switch rule.day {
        case .julian(let number):
            day = newYear + number - 1 + (isLeap(year) && number > 59 ? 1 : 0)
        case .number(let number):
            day = newYear + number
        case .weekday(let month, let week, let weekday):
            let first = days(year, month, 1)
            // 1970-01-01 was a Thursday, day 4 of the week.
            let firstSuch = first + (weekday - (first + 4) % 7 + 7) % 7
            let next = month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1)
            var found = firstSuch + 7 * (week - 1)
            while found >= next { found -= 7 }
            day = found
        }
        return Int64(day) * 86_400 + Int64(rule.second)
    }

    /// Days since 1970-01-01, from 1970 on.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let before = year - 1
        let leaps = before / 4 - before / 100 + before / 400 - 477  // 477 until 1969
        let months = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        return (year - 1970) * 365 + leaps + months[month - 1] + (month > 2 && isLeap(year) ? 1 : 0) + day - 1
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// The year of a moment, or the one before: a day around New Year does not matter where it is used.
    private static func year(of moment: Int64) -> Int {
        1970 + Int(moment.floored(by: 31_556_952)) - 1
    }
}

/// Takes a rule apart, character by character.
private struct Scanner {
    private var rest: Substring

    init(_ text: String) {
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    func isNext(_ character: Character) -> Bool { rest.first == character }

    mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Three letters or more, or anything of letters, digits and signs in angle brackets.
    mutating func name() -> Bool {
        if take("<") {
            let name = rest.prefix { $0 != ">" }
            rest = rest.dropFirst(name.count)
            return name.count >= 3 && take(">")
        }
        let name = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(name.count)
        return name.count >= 3
    }

    mutating func number(in range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        guard digits.count <= 3, let number = Int(digits), range.contains(number) else { return nil }
        return number
    }

    /// Seconds: hours, perhaps minutes and seconds, perhaps a sign.
    mutating func time(hours: Int) -> Int32? {
        let sign: Int32 = take("-") ? -1 : 1
        if sign == 1 { _ = take("+") }
        guard let hour = number(in: 0...hours) else { return nil }
        var seconds = Int32(hour) * 3600
        if take(":") {
            guard let minute = number(in: 0...59) else { return nil }
            seconds += Int32(minute) * 60
            if take(":") {
                guard let second = number(in: 0...59) else { return nil }
                seconds += Int32(second)
            }
        }
        return sign * seconds
    }
}
