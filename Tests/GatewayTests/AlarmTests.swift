import Journal
import NIOCore
import Sipgate
import Testing
import Webhooks

@testable import Gateway

private let hour: Int64 = 3_600_000
/// Monday, 2026-11-23, 00:00 UTC.
private let monday = Timestamp(milliseconds: 1_795_392_000_000)

extension Timestamp {
    fileprivate func adding(hours: Int64 = 0, minutes: Int64 = 0) -> Timestamp {
        Timestamp(milliseconds: milliseconds + hours * hour + minutes * 60_000)
    }

    fileprivate var hours: Int64 { milliseconds / hour }
}

@Suite struct MissingFollowUpsTests {
    private static let settings = {
        var settings = AlarmsConfiguration.MissingFollowUps()
        settings.within = .minutes(60)
        return settings
    }()

    @Test func `Enough legs that nobody hears of again raise the alarm, once, and an end that is told clears it, once`()
    {
        var watch = MissingFollowUps(MissingFollowUpsTests.settings)
        #expect(watch.look(LegFates(), at: monday) == nil)
        #expect(watch.look(LegFates(givenUp: 2), at: monday.adding(minutes: 5)) == nil)
        let raised = watch.look(LegFates(givenUp: 3), at: monday.adding(minutes: 10))
        #expect(raised == [.count("givenUp", 3), .count("ended", 0)])
        #expect(watch.isRaised)
        #expect(watch.look(LegFates(givenUp: 9), at: monday.adding(minutes: 11)) == nil)
        // Nothing happens for a while: nothing is known to be well.
        #expect(watch.look(LegFates(givenUp: 9), at: monday.adding(hours: 9)) == nil && watch.isRaised)
        #expect(watch.look(LegFates(ended: 1, givenUp: 9), at: monday.adding(hours: 9, minutes: 1)) != nil)
        #expect(!watch.isRaised)
        #expect(watch.look(LegFates(ended: 2, givenUp: 9), at: monday.adding(hours: 9, minutes: 2)) == nil)
    }

    @Test func `A few among many that end well are no alarm, and a tenth of them is`() {
        var watch = MissingFollowUps(MissingFollowUpsTests.settings)
        #expect(watch.look(LegFates(ended: 1000, givenUp: 50), at: monday) == nil)
        #expect(watch.look(LegFates(ended: 1000, givenUp: 112), at: monday.adding(minutes: 1)) != nil)
        // While it is raised, ends alone do not clear it: it has to be less.
        #expect(watch.look(LegFates(ended: 1001, givenUp: 112), at: monday.adding(minutes: 2)) == nil)
        #expect(watch.look(LegFates(ended: 2000, givenUp: 112), at: monday.adding(minutes: 3)) != nil)
    }

    @Test func `Legs given up over a long time are no alarm`() {
        var watch = MissingFollowUps(MissingFollowUpsTests.settings)
        for step in 1...20 {
            #expect(watch.look(LegFates(givenUp: step), at: monday.adding(minutes: Int64(step) * 31)) == nil)
        }
    }
}

@Suite struct FailingDestinationTests {
    @Test func `A destination that fails long enough raises the alarm, once, and one success clears it`() {
        var watch = FailingDestination(AlarmsConfiguration.FailingDestination())
        #expect(watch.look(delivered: 5, failed: 0, at: monday) == nil)
        #expect(watch.look(delivered: 5, failed: 1, at: monday.adding(minutes: 1)) == nil)
        #expect(watch.look(delivered: 5, failed: 4, at: monday.adding(minutes: 15)) == nil)
        // It is left alone, and the time goes on.
        let facts = watch.look(delivered: 5, failed: 4, at: monday.adding(minutes: 16))
        #expect(facts == [.time("since", monday.adding(minutes: 1)), .count("failures", 4)])
        #expect(watch.look(delivered: 5, failed: 9, at: monday.adding(minutes: 17)) == nil)
        #expect(watch.look(delivered: 6, failed: 9, at: monday.adding(minutes: 18)) != nil && !watch.isRaised)
        #expect(watch.look(delivered: 6, failed: 99, at: monday.adding(minutes: 19)) == nil)
    }

    @Test func `One poisoned event is no alarm, nor is a success between failures`() {
        var watch = FailingDestination(AlarmsConfiguration.FailingDestination())
        #expect(watch.look(delivered: 0, failed: 1, at: monday) == nil)
        #expect(watch.look(delivered: 0, failed: 2, at: monday.adding(hours: 5)) == nil)
        #expect(watch.look(delivered: 1, failed: 3, at: monday.adding(hours: 6)) == nil)
        #expect(watch.look(delivered: 1, failed: 6, at: monday.adding(hours: 7)) == nil)
        #expect(watch.look(delivered: 2, failed: 6, at: monday.adding(hours: 7, minutes: 1)) == nil)
        #expect(watch.look(delivered: 2, failed: 9, at: monday.adding(hours: 8)) == nil)
        #expect(watch.look(delivered: 2, failed: 9, at: monday.adding(hours: 9)) != nil)
    }
}

@Suite struct SilenceTests {
    private func settings(_ zone: TimeZoneTable = .utc, holidays: Set<String> = []) -> AlarmsConfiguration.Silence {
        var settings = AlarmsConfiguration.Silence()
        settings.zone = zone
        settings.holidays = holidays
        return settings
    }

    /// A watch that knows some weeks before the Monday, in which Monday's tenth hour had some pushes each.
    private func watch(_ pushes: [Int], _ settings: AlarmsConfiguration.Silence) -> Silence {
        var watch = Silence(settings, route: "/hooks")
        for (index, count) in pushes.enumerated() {
            let hour = monday.hours + 9 - Int64(index + 1) * 168
            watch.learn(HourlyActivity(route: "/hooks", hour: hour, pushes: count))
        }
        return watch
    }

    /// Lets Monday pass minute by minute; pushes come in those of the hours that are named.
    private func pass(_ watch: inout Silence, pushesIn hours: Set<Int64> = []) -> [Int64: [AlarmChange.Fact]] {
        var changes: [Int64: [AlarmChange.Fact]] = [:]
        var total = 0
        for minute in 0..<(24 * 60) as Range<Int64> {
            if hours.contains(minute / 60), minute % 60 == 30 { total += 1 }
            if let facts = watch.look(total, at: monday.adding(minutes: minute)).facts { changes[minute] = facts }
        }
        return changes
    }

    @Test func `An hour without a push that usually has some is told at its end, and the next push clears it`() {
        var watch = watch([6, 90, 7], settings())
        let changes = pass(&watch, pushesIn: [14])
        #expect(changes.keys.sorted() == [600, 870])
        #expect(changes[600] == [.time("since", monday.adding(hours: 9)), .count("usual", 7)])
    }

    @Test(arguments: [
        ([6, 7], "too few weeks"), ([4, 4, 90], "not usual"), ([0, 0, 0, 0, 900, 900, 900], "half of the weeks"),
        ([], "nothing is known"),
    ])
    func `What is not sure is no alarm`(pushes: [Int], reason: String) {
        var watch = watch(pushes, settings())
        #expect(pass(&watch).isEmpty, "\(reason)")
    }

    @Test func `One push is enough`() {
        var watch = watch([900, 900, 900], settings())
        #expect(pass(&watch, pushesIn: [9]).isEmpty)
    }

    @Test(arguments: ["11-23", "2026-11-23"])
    func `A holiday is not judged`(day: String) {
        var watch = watch([9, 9, 9], settings(holidays: [day]))
        #expect(pass(&watch).isEmpty)
    }

    @Test func `A holiday is not learnt from`() {
        // 16 November and 9 November.
        var watch = watch([0, 0, 9, 9, 9], settings(holidays: ["11-16", "2026-11-09"]))
        #expect(pass(&watch).count == 1)
    }

    @Test func `The hours of the week are those of the place, also when its clocks were changed in between`() throws {
        let file = try LocalFile.read("/usr/share/zoneinfo/Europe/Berlin", limit: TimeZoneFile.maxBytes)
        let berlin = try TimeZoneFile.table(from: file.bytes)
        // Until 25 October 2026, nine o'clock was 7:00 UTC; now it is 8:00.
        var watch = Silence(settings(berlin), route: "/hooks")
        let last = monday.adding(hours: -5 * 168)
        for week in 0..<3 as Range<Int64> {
            let nine = last.hours + 7 - week * 168
            watch.learn(HourlyActivity(route: "/hooks", hour: nine, pushes: 9))
        }
        #expect(pass(&watch).keys.sorted() == [540])
    }

    @Test func `Hours that nobody watched to the end are neither judged nor kept`() {
        var watch = watch([9, 9, 9], settings())
        #expect(watch.look(0, at: monday.adding(hours: 9, minutes: 1)) == Silence.Look())
        #expect(watch.look(0, at: monday.adding(hours: 10)) == Silence.Look())
        #expect(watch.end() == HourlyActivity(route: "/hooks", hour: monday.hours + 10, pushes: 0))
        // The machine slept.
        #expect(watch.look(3, at: monday.adding(hours: 14)).ended?.hour == monday.hours + 10)
        #expect(watch.look(3, at: monday.adding(hours: 15)).ended?.pushes == 3)
        #expect(
            watch.look(3, at: monday.adding(hours: 16)).ended
                == HourlyActivity(route: "/hooks", hour: monday.hours + 15, pushes: 0)
        )
    }

    @Test func `What an hour had is learnt, and judges the same hour weeks later`() {
        var watch = Silence(settings(), route: "/hooks")
        var total = 0
        var changes: [Int64] = []
        for hours in -1...(3 * 168 + 12) as ClosedRange<Int64> {
            let isBusy = hours % 168 == 9
            for minute in [0, 20, 40] as [Int64] {
                if isBusy, hours < 3 * 168 { total += 3 }
                let now = monday.adding(hours: hours, minutes: minute)
                if watch.look(total, at: now).facts != nil { changes.append(hours) }
            }
        }
        #expect(changes == [3 * 168 + 10])
    }
}

@Suite struct AlarmCenterTests {
    @Test func `What an earlier process raised is cleared when it is over, and not raised twice`() {
        let alarm = Alarm(.failingDestination, at: "crm")
        var center = AlarmCenter(
            AlarmsConfiguration(),
            routes: ["/hooks"],
            destinations: ["crm", "log"],
            raised: [alarm]
        )
        let failing = AlarmCenter.Figures(routes: [(nil, 0)], served: [0], destinations: [(0, 9), (0, 9)])
        #expect(center.look(failing, at: monday).changes.isEmpty)
        let later = center.look(failing, at: monday.adding(hours: 1)).changes
        #expect(later.map(\.alarm.place) == ["log"])
        let well = AlarmCenter.Figures(routes: [(nil, 0)], served: [0], destinations: [(1, 9), (0, 9)])
        let cleared = center.look(well, at: monday.adding(hours: 2)).changes
        #expect(cleared.map(\.alarm) == [alarm] && cleared.map(\.isRaised) == [false])
        #expect(center.states.filter(\.isRaised).map(\.alarm.place) == ["log"])
        #expect(Alarm(subject: alarm.subject) == alarm)
    }

    /// A center that knows Monday's tenth hour, and has watched Monday until it began.
    private func center() -> AlarmCenter {
        var settings = AlarmsConfiguration()
        settings.silence?.zone = .utc
        var center = AlarmCenter(settings, routes: ["/kept", "/removed"], destinations: [])
        for route in ["/kept", "/removed"] {
            center.learn((1...3).map { HourlyActivity(route: route, hour: monday.hours + 9 - $0 * 168, pushes: 9) })
        }
        for hours in [7, 8, 9] as [Int64] { _ = center.look(nothing(served: [0, 1]), at: monday.adding(hours: hours)) }
        return center
    }

    private func nothing(served: Set<Int>, givenUp: Int = 0) -> AlarmCenter.Figures {
        let fates = LegFates(givenUp: givenUp)
        return AlarmCenter.Figures(routes: [(LegFates(), 0), (fates, 0)], served: served, destinations: [])
    }

    @Test func `A route that a reload takes out is not silent, and its calls need no follow-ups`() {
        var center = center()
        #expect(center.look(nothing(served: [0]), at: monday.adding(hours: 9, minutes: 1)).changes.isEmpty)
        let end = center.look(nothing(served: [0], givenUp: 99), at: monday.adding(hours: 10))
        #expect(end.changes.map(\.alarm) == [Alarm(.silence, at: "/kept")])
        #expect(end.hours.map(\.route) == ["/kept"])
        // Back again, it is judged from its first whole hour on, and not for what was.
        #expect(center.look(nothing(served: [0, 1], givenUp: 99), at: monday.adding(hours: 10)).changes.isEmpty)
        #expect(center.states.filter(\.isRaised).map(\.alarm.place) == ["/kept"])
    }

    @Test func `Taking a route out clears what was raised for it, once`() {
        var center = center()
        let raised = center.look(nothing(served: [0, 1], givenUp: 99), at: monday.adding(hours: 10)).changes
        #expect(raised.map(\.alarm.place) == ["/kept", "/removed", "/removed"])
        let out = nothing(served: [0], givenUp: 99)
        let cleared = center.look(out, at: monday.adding(hours: 10, minutes: 1)).changes
        #expect(cleared.map(\.alarm) == [Alarm(.missingFollowUps, at: "/removed"), Alarm(.silence, at: "/removed")])
        #expect(cleared.allSatisfy { !$0.isRaised })
        #expect(center.look(out, at: monday.adding(hours: 10, minutes: 2)).changes.isEmpty)
    }

    @Test func `A route that a reload brings is watched, with what is known of its weeks`() {
        var center = center()
        let known = (1...3).map { HourlyActivity(route: "/new", hour: monday.hours + 10 - $0 * 168, pushes: 9) }
        let more = known + [HourlyActivity(route: "/kept", hour: monday.hours + 10 - 168, pushes: 9)]
        center.watch(["/kept", "/removed", "/new"], knowing: more)
        func figures(givenUp: Int) -> AlarmCenter.Figures {
            let routes: [(LegFates?, Int)] = [(LegFates(), 1), (LegFates(), 1), (LegFates(givenUp: givenUp), 0)]
            return AlarmCenter.Figures(routes: routes, served: [0, 1, 2], destinations: [])
        }
        let lost = center.look(figures(givenUp: 3), at: monday.adding(hours: 9, minutes: 5)).changes
        #expect(lost.map(\.alarm) == [Alarm(.missingFollowUps, at: "/new")])
        #expect(center.look(figures(givenUp: 3), at: monday.adding(hours: 10)).changes.isEmpty)
        let silent = center.look(figures(givenUp: 3), at: monday.adding(hours: 11)).changes
        #expect(silent.map(\.alarm) == [Alarm(.silence, at: "/new")] && silent.allSatisfy(\.isRaised))
        #expect(center.states.map(\.alarm.place) == ["/kept", "/removed", "/new", "/kept", "/removed", "/new"])
        // Once is enough.
        center.watch(["/kept", "/removed", "/new"])
        #expect(center.states.count == 6)
    }

    @Test func `What is switched off is not looked for`() {
        var settings = AlarmsConfiguration()
        settings.failingDestination = nil
        settings.silence = nil
        settings.missingFollowUps = nil
        var center = AlarmCenter(settings, routes: ["/hooks"], destinations: ["crm"])
        let figures = AlarmCenter.Figures(routes: [(LegFates(givenUp: 99), 0)], served: [0], destinations: [(0, 9)])
        _ = center.look(figures, at: monday)
        #expect(center.look(figures, at: monday.adding(hours: 9)).changes.isEmpty && center.states.isEmpty)
    }
}
