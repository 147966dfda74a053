import NIOCore
import Sipgate
import Webhooks

/// Watches one route for legs that begin and whose end is never pushed.
///
/// Raised when, within a while, enough legs were given up, and enough of all that ended. Cleared when that is over and an
/// end was pushed: where nothing happens, nothing is known to be well.
struct MissingFollowUps: Sendable {
    private struct Step {
        let time: Timestamp
        let ended: Int
        let givenUp: Int
    }

    private let settings: AlarmsConfiguration.MissingFollowUps
    private var last = LegFates()
    /// What changed within the while, by look.
    private var steps: [Step] = []
    private(set) var isRaised: Bool

    init(_ settings: AlarmsConfiguration.MissingFollowUps, isRaised: Bool = false) {
        self.settings = settings
        self.isRaised = isRaised
    }

    /// Takes in how legs have ended so far.
    ///
    /// - Returns: the facts when the alarm was raised or cleared; nil when it is as it was.
    mutating func look(_ fates: LegFates, at now: Timestamp) -> [AlarmChange.Fact]? {
        let step = Step(time: now, ended: fates.ended - last.ended, givenUp: fates.givenUp - last.givenUp)
        last = fates
        let begin = now.milliseconds - settings.within.nanoseconds / 1_000_000
        steps.removeAll { $0.time.milliseconds < begin }
        if step.ended != 0 || step.givenUp != 0 { steps.append(step) }
        let ended = steps.reduce(0) { $0 + $1.ended }
        let givenUp = steps.reduce(0) { $0 + $1.givenUp }
        let isMuch = givenUp >= settings.legs && givenUp * 100 >= (givenUp + ended) * settings.percent
        guard isRaised ? !isMuch && ended > 0 : isMuch else { return nil }
        isRaised.toggle()
        return [.count("givenUp", givenUp), .count("ended", ended)]
    }

    /// Takes in how legs have ended so far where nobody may push: nothing is expected of them.
    ///
    /// - Returns: the facts when the alarm was cleared by that.
    mutating func rest(_ fates: LegFates) -> [AlarmChange.Fact]? {
        last = fates
        steps = []
        guard isRaised else { return nil }
        isRaised = false
        return [.count("givenUp", 0), .count("ended", 0)]
    }
}
