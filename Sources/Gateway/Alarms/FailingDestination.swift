import NIOCore
import Webhooks

/// Watches one destination for attempts of which none goes well.
///
/// Raised when every attempt has failed for long enough, and there were enough of them; cleared by the first that does
/// not fail.
struct FailingDestination: Sendable {
    private let settings: AlarmsConfiguration.FailingDestination
    private var last = (delivered: 0, failed: 0)
    /// The first failure after the last success.
    private var since: Timestamp?
    private var failures = 0
    private(set) var isRaised: Bool

    init(_ settings: AlarmsConfiguration.FailingDestination, isRaised: Bool = false) {
        self.settings = settings
        self.isRaised = isRaised
    }

    /// Takes in how attempts have ended so far.
    ///
    /// - Returns: the facts when the alarm was raised or cleared; nil when it is as it was.
    mutating func look(delivered: Int, failed: Int, at now: Timestamp) -> [AlarmChange.Fact]? {
        defer { last = (delivered, failed) }
        if delivered > last.delivered {
            defer { (since, failures) = (nil, 0) }
            guard isRaised else { return nil }
            isRaised = false
            return since.map { [.time("since", $0), .count("failures", failures)] } ?? []
        }
        let more = failed - last.failed
        guard more > 0 || since != nil else { return nil }
        let begin = since ?? now
        since = begin
        failures += more
        guard !isRaised, failures >= settings.attempts,
            now.milliseconds - begin.milliseconds >= settings.lasting.nanoseconds / 1_000_000
        else { return nil }
        isRaised = true
        return [.time("since", begin), .count("failures", failures)]
    }
}
