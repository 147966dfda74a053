import NIOCore
import Sipgate

/// Reads `alarms`.
struct AlarmSection {
    /// Every destination that was named, good or bad.
    let destinations: Set<String>

    private static let keys = ConfigurationSection.Keys(
        known: ["missing_follow_ups", "silence", "failing_destination", "destinations"]
    )
    private static let followUpKeys = ConfigurationSection.Keys(known: ["enabled", "legs", "percent", "within"])
    private static let silenceKeys = ConfigurationSection.Keys(
        known: ["enabled", "weeks", "pushes", "time_zone", "holidays"]
    )
    private static let failureKeys = ConfigurationSection.Keys(known: ["enabled", "attempts", "lasting"])

    /// What is not given, or could not be read, which is noted, has its default.
    func read(_ top: ConfigurationSection) -> AlarmsConfiguration {
        var alarms = AlarmsConfiguration()
        alarms.silence?.zone = .local
        guard let section = top.section("alarms", keys: AlarmSection.keys) else { return alarms }
        if let section = section.section("missing_follow_ups", keys: AlarmSection.followUpKeys) {
            alarms.missingFollowUps = missingFollowUps(section)
        }
        if let section = section.section("silence", keys: AlarmSection.silenceKeys) {
            alarms.silence = silence(section)
        }
        if let section = section.section("failing_destination", keys: AlarmSection.failureKeys) {
            alarms.failingDestination = failingDestination(section)
        }
        alarms.destinations = names(section)
        return alarms
    }

    private func isEnabled(_ section: ConfigurationSection) -> Bool {
        section.scalar("enabled")?.boolean() ?? true
    }

    private func missingFollowUps(_ section: ConfigurationSection) -> AlarmsConfiguration.MissingFollowUps? {
        var alarm = AlarmsConfiguration.MissingFollowUps()
        if let legs = section.scalar("legs")?.integer(in: 1...100_000) { alarm.legs = legs }
        if let percent = section.scalar("percent")?.integer(in: 0...100) { alarm.percent = percent }
        if let within = section.scalar("within")?.duration(in: .minutes(1) ... .hours(24)) { alarm.within = within }
        return isEnabled(section) ? alarm : nil
    }

    private func silence(_ section: ConfigurationSection) -> AlarmsConfiguration.Silence? {
        var alarm = AlarmsConfiguration.Silence()
        if let weeks = section.scalar("weeks")?.integer(in: 1...WeeklyProfile.memory) { alarm.weeks = weeks }
        if let pushes = section.scalar("pushes")?.integer(in: 1...1_000_000) { alarm.pushes = pushes }
        alarm.zone = section.scalar("time_zone")?.timeZone() ?? .local
        for scalar in section.scalars("holidays") ?? [] {
            guard let day = scalar.publicText() else { continue }
            guard AlarmSection.isDay(day) else {
                scalar.error("\(day.quoted) is no day", remedy: "write `2026-04-06`, or `\"12-25\"` for every year")
                continue
            }
            alarm.holidays.insert(day)
        }
        return isEnabled(section) ? alarm : nil
    }

    private func failingDestination(_ section: ConfigurationSection) -> AlarmsConfiguration.FailingDestination? {
        var alarm = AlarmsConfiguration.FailingDestination()
        if let attempts = section.scalar("attempts")?.integer(in: 1...100_000) { alarm.attempts = attempts }
        if let lasting = section.scalar("lasting")?.duration(in: .seconds(1) ... .hours(24 * 7)) {
            alarm.lasting = lasting
        }
        return isEnabled(section) ? alarm : nil
    }

    private func names(_ section: ConfigurationSection) -> [String] {
        var names: [String] = []
        for scalar in section.scalars("destinations") ?? [] {
            guard let name = scalar.publicText() else { continue }
            if !destinations.contains(name) {
                let remedy = NearestName.remedy(destinations.sorted(), to: name)
                scalar.error("there is no destination \(name.quoted)", remedy: remedy)
            } else if names.contains(name) {
                scalar.error("the destination \(name.quoted) is named twice", remedy: "remove one")
            }
            names.append(name)
        }
        return names
    }

    /// `2026-04-06` or `12-25`.
    private static func isDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) }), parts.count == 2 || parts.count == 3,
            parts.count == 2 || parts[0].count == 4, parts.suffix(2).allSatisfy({ $0.count == 2 }),
            let month = Int(parts[parts.count - 2]), let day = Int(parts[parts.count - 1])
        else { return false }
        let days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...days[month - 1]).contains(day)
    }
}
