import Journal
import NIOCore
import Sipgate
import Webhooks

/// Watches one route for hours without a push that usually have some.
///
/// Raised at the end of such an hour, if it was watched from its beginning; cleared by the next push.
struct Silence: Sendable {
    private static let hour: Int64 = 3_600_000

    private let settings: AlarmsConfiguration.Silence
    private let route: String
    private var profile: WeeklyProfile
    private var total = 0
    /// The hour that is being counted, and whether it was watched from its beginning.
    private var present: (hour: Int64, isWhole: Bool)?
    private var count = 0
    private(set) var isRaised: Bool

    init(_ settings: AlarmsConfiguration.Silence, route: String, isRaised: Bool = false) {
        self.settings = settings
        self.route = route
        self.isRaised = isRaised
        profile = WeeklyProfile(zone: settings.zone, holidays: settings.holidays)
    }

    /// Takes in what is known of an hour.
    mutating func learn(_ activity: HourlyActivity) {
        profile.learn(activity.hour, pushes: activity.pushes)
    }

    /// What a look has shown.
    struct Look: Equatable {
        /// The facts when the alarm was raised or cleared.
        var facts: [AlarmChange.Fact]?
        /// The hour that has ended, to be kept.
        var ended: HourlyActivity?
    }

    /// Takes in how many pushes were accepted so far.
    mutating func look(_ pushes: Int, at now: Timestamp) -> Look {
        var look = Look()
        let more = pushes - total
        total = pushes
        let hour = now.milliseconds.floored(by: Silence.hour)
        if hour != present?.hour {
            look.ended = end()
            if let ended = look.ended, ended.pushes == 0, more == 0, !isRaised,
                let usual = profile.usual(ended.hour, weeks: settings.weeks), usual >= settings.pushes
            {
                isRaised = true
                let begin = Timestamp(milliseconds: ended.hour * Silence.hour)
                look.facts = [.time("since", begin), .count("usual", usual)]
            }
            if let ended = look.ended { learn(ended) }
            // A machine that slept through an hour has not watched it.
            present = (hour, isWhole: present.map { hour == $0.hour + 1 } ?? false)
            count = 0
        }
        count += more
        if isRaised, more > 0 {
            isRaised = false
            look.facts = [.count("pushes", more)]
        }
        return look
    }

    /// Takes in how many pushes were accepted when nobody may push: that is no silence, and its hours are not judged.
    mutating func rest(_ pushes: Int) -> Look {
        var look = Look()
        total = pushes
        // An hour that was cut short shows nothing but the pushes that it had.
        if count > 0 { look.ended = end() }
        (present, count) = (nil, 0)
        guard isRaised else { return look }
        isRaised = false
        look.facts = [.count("pushes", 0)]
        return look
    }

    /// The hour that was being counted, as far as it is worth keeping.
    func end() -> HourlyActivity? {
        guard let present, present.isWhole || count > 0 else { return nil }
        return HourlyActivity(route: route, hour: present.hour, pushes: count)
    }
}
