import Sipgate
import Webhooks

/// What the weeks of one route look like on the clocks of a place: pushes by hour.
///
/// Hours of which nothing is known are not there; an hour without pushes is there with none.
struct WeeklyProfile: Sendable {
    /// How far back hours count, in weeks.
    static let memory = 8
    private static let week: Int64 = 7 * 24

    private let zone: TimeZoneTable
    /// Days that are like no other: `2026-04-06`, or `12-25` in every year.
    private let holidays: Set<String>
    /// By the hour of the clock, counted since 1970.
    private var hours: [Int64: Int] = [:]

    init(zone: TimeZoneTable, holidays: Set<String>) {
        self.zone = zone
        self.holidays = holidays
    }

    /// Adds the pushes of an hour, which is counted in universal time.
    mutating func learn(_ hour: Int64, pushes: Int) {
        let clock = clock(hour)
        guard !isHoliday(clock) else { return }
        hours[clock, default: 0] += pushes
        let oldest = clock - WeeklyProfile.week * Int64(WeeklyProfile.memory + 1)
        if hours.count > (WeeklyProfile.memory + 2) * Int(WeeklyProfile.week) {
            hours = hours.filter { $0.key > oldest }
        }
    }

    /// How many pushes an hour usually has: the median of the same hour in the weeks before.
    ///
    /// - Parameters:
    ///   - hour: counted in universal time.
    ///   - weeks: how many have to be known.
    /// - Returns: nil when too few are, and on holidays.
    func usual(_ hour: Int64, weeks: Int) -> Int? {
        let clock = clock(hour)
        guard !isHoliday(clock) else { return nil }
        let known = (1...Int64(WeeklyProfile.memory)).compactMap { hours[clock - $0 * WeeklyProfile.week] }.sorted()
        guard known.count >= weeks, !known.isEmpty else { return nil }
        // Of an even number the lower of the two in the middle: a doubt is no alarm.
        return known[(known.count - 1) / 2]
    }

    private func clock(_ hour: Int64) -> Int64 {
        (hour * 3600 + Int64(zone.offset(at: hour * 3600))).floored(by: 3600)
    }

    private func isHoliday(_ clock: Int64) -> Bool {
        guard !holidays.isEmpty else { return false }
        let date = Timestamp(milliseconds: clock.floored(by: 24) * 86_400_000).description.prefix(10)
        return holidays.contains(String(date)) || holidays.contains(String(date.dropFirst(5)))
    }
}
