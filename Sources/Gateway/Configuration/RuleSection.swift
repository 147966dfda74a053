import Sipgate
import Webhooks

/// Reads the `rules` of a route.
struct RuleSection {
    let base: BaseFolder

    private static let keys = ConfigurationSection.Keys(
        known: [
            "name", "direction", "callers", "callers_file", "called", "called_file", "hours", "time_zone", "actions",
        ]
    )
    private static let windowKeys = ConfigurationSection.Keys(known: ["days", "from", "to"])
    private static let days = WeeklyHours.Weekday.allCases.map { "\($0)" }
    /// Lists of blocked callers have thousands of lines.
    private static let maxListBytes = 4 << 20

    /// All rules that could be read, in order.
    func read(_ route: ConfigurationSection) -> [CallRule] {
        var names: Set<String> = []
        return route.sections("rules", keys: RuleSection.keys, remedy: nil).compactMap { section in
            let name = section.required("name", remedy: "give the rule a name: events and logs call it so")?
                .publicText()
            let decision = DecisionSection.read(section)
            let callers = callers(section)
            let called = list(section, "called")
            let hours = hours(section)
            let direction = section.scalar("direction")?.choice(["in", "out"]).flatMap(Direction.init(rawValue:))
            guard let name, let decision else { return nil }
            if !names.insert(name).inserted {
                section.error("name", "another rule has this name", remedy: "give every rule a name of its own")
            }
            var rule = CallRule(name: name, decision: decision)
            rule.direction = direction
            rule.callers = callers
            rule.called = called
            rule.hours = hours
            return rule
        }
    }

    private func callers(_ section: ConfigurationSection) -> [CallerCondition] {
        var conditions: [CallerCondition] = []
        var numbers: [ConfigurationScalar] = []
        for scalar in section.scalars("callers", acceptsOne: true) ?? [] {
            switch scalar.text {
            case "anonymous": conditions.append(.anonymous)
            case "unknown": conditions.append(.unknown)
            default: numbers.append(scalar)
            }
        }
        if let list = list(numbers) { conditions.append(.numbers(list)) }
        if let list = file(section, "callers_file") { conditions.append(.numbers(list)) }
        return conditions
    }

    /// The list under a key and the one in the file beside it, as one.
    private func list(_ section: ConfigurationSection, _ key: String) -> NumberList? {
        let inline = list(section.scalars(key, acceptsOne: true) ?? [])
        guard let more = file(section, key + "_file") else { return inline }
        return inline.map { $0.union(more) } ?? more
    }

    private func list(_ scalars: [ConfigurationScalar]) -> NumberList? {
        guard !scalars.isEmpty else { return nil }
        var list: NumberList?
        for scalar in scalars {
            // Somebody's number: what is wrong with it is said without it, for what is said may end in a log.
            guard !scalar.isMissing else {
                scalar.error("has no value", remedy: "give it a number, or remove the entry")
                continue
            }
            do {
                let one = try NumberList([scalar.text])
                list = list.map { $0.union(one) } ?? one
            } catch {
                scalar.error("is no number: \(error.rule)")
            }
        }
        return list
    }

    private func file(_ section: ConfigurationSection, _ key: String) -> NumberList? {
        guard let scalar = section.scalar(key), let name = scalar.publicText() else { return nil }
        let path = base.resolve(name)
        do {
            guard let text = try LocalFile.read(path, limit: RuleSection.maxListBytes).text else {
                scalar.error("\(path.quoted) is not UTF-8 text", remedy: "write one number a line")
                return nil
            }
            return try NumberList(lines: text)
        } catch let error as NumberList.Problem {
            scalar.error("\(path.quoted), line \(error.position): \(error.rule)")
        } catch let error as LocalFile.Problem {
            scalar.error("cannot read \(path.quoted): \(error.reason)", remedy: "write one number a line into it")
        } catch {
            scalar.error("cannot read \(path.quoted)")
        }
        return nil
    }

    // MARK: Time

    private func hours(_ section: ConfigurationSection) -> WeeklyHours? {
        guard section.has("hours") else {
            if section.has("time_zone") {
                section.error("time_zone", "stands alone", remedy: "add `hours: [{from: \"08:00\", to: \"17:00\"}]`")
            }
            return nil
        }
        let windows = section.sections("hours", keys: RuleSection.windowKeys, remedy: nil).compactMap(window)
        guard
            let scalar = section.required("time_zone", remedy: "add `time_zone: Europe/Berlin`"),
            let zone = scalar.timeZone(), !windows.isEmpty
        else { return nil }
        return WeeklyHours(windows, in: zone)
    }

    private func window(_ section: ConfigurationSection) -> WeeklyHours.Window? {
        let names = (section.scalars("days", acceptsOne: true) ?? []).compactMap { $0.choice(RuleSection.days) }
        let days = names.compactMap { name in WeeklyHours.Weekday.allCases.first { "\($0)" == name } }
        let start = section.required("from", remedy: "add `from: \"08:00\"`")?.publicText()
        let end = section.required("to", remedy: "add `to: \"17:00\"`")?.publicText()
        guard let start, let end else { return nil }
        do {
            return try WeeklyHours.Window(days: Set(days), start: start, end: end)
        } catch {
            section.error("from", error.rule, remedy: "put times in quotes: YAML reads 08:30 as a number")
            return nil
        }
    }
}
