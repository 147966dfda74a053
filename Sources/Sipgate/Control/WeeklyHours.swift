package import Webhooks

/// Times of the week on the clocks of a place, such as office hours.
package struct WeeklyHours: Sendable, Equatable {
    /// A day, as ISO 8601 counts them.
    package enum Weekday: Int, Sendable, CaseIterable {
        case monday = 1
        case tuesday
        case wednesday
        case thursday
        case friday
        case saturday
        case sunday
    }

    /// A time of day on some days; it may pass midnight, and then belongs to the day it begins on.
    package struct Window: Sendable, Equatable {
        /// The days it begins on.
        package let days: Set<Weekday>
        /// The minute of the day it begins with.
        package let start: Int
        /// The minute it ends before; 1440 is the end of the day.
        package let end: Int

        /// A window.
        ///
        /// - Parameters:
        ///   - days: The days it begins on; none: every day.
        ///   - start: A time such as `08:30`.
        ///   - end: A time after which it is over; one before `start` lies on the next day, and `24:00` is the end of
        ///     this one.
        /// - Throws: The rule that a time breaks.
        package init(days: Set<Weekday> = [], start: String, end: String) throws(Problem) {
            self.days = days.isEmpty ? Set(Weekday.allCases) : days
            self.start = try Window.minute(start)
            self.end = try Window.minute(end)
            guard self.start != self.end, self.start < WeeklyHours.day else {
                throw Problem(rule: "a window begins before it ends; the whole day is 00:00 to 24:00")
            }
        }

        private static func minute(_ text: String) throws(Problem) -> Int {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let isPlain = text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: ":") ~= $0 }
            guard
                isPlain, parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
                let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= WeeklyHours.day
            else { throw Problem(rule: "a time has the form 08:30, from 00:00 to 24:00") }
            return hour * 60 + minute
        }
    }

    /// Why a window is none.
    package struct Problem: Error, Sendable, Equatable {
        /// The rule that it breaks.
        package let rule: String
    }

    /// Minutes of a day on the clock; on two days of the year some pass twice or not at all.
    private static let day = 1440

    private let windows: [Window]
    private let zone: TimeZoneTable

    package init(_ windows: [Window], in zone: TimeZoneTable) {
        self.windows = windows
        self.zone = zone
    }

    /// Whether clocks and calendar of the place show a time in one of the windows.
    package func contains(_ time: Timestamp) -> Bool {
        let seconds = time.milliseconds.floored(by: 1000)
        let local = seconds + Int64(zone.offset(at: seconds))
        let days = local.floored(by: 86_400)
        let minute = Int((local - days * 86_400) / 60)
        let today = WeeklyHours.weekday(of: days)
        let yesterday = WeeklyHours.weekday(of: days - 1)
        return windows.contains { window in
            if window.start < window.end {
                return window.days.contains(today) && window.start <= minute && minute < window.end
            }
            return window.days.contains(today) && window.start <= minute
                || window.days.contains(yesterday) && minute < window.end
        }
    }

    /// The weekday of a day since 1970-01-01, which was a Thursday.
    private static func weekday(of days: Int64) -> Weekday {
        let index = (days + 3) - (days + 3).floored(by: 7) * 7
        return Weekday.allCases[Int(index)]
    }
}

extension Int64 {
    /// The quotient, rounded down also below zero.
    package func floored(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return quotient * divisor > self ? quotient - 1 : quotient
    }
}
