import Synchronization
package import Webhooks

/// The one tracker of a route, for the event loops that its pushes arrive on.
///
/// The legs of one call come over several connections, so their loops share what is known. The lock is held for some
/// microseconds, and nothing is called under it.
package final class SharedCallTracker: Sendable {
    private let tracker: Mutex<CallTracker>

    /// A tracker that knows nothing.
    ///
    /// - Parameters:
    ///   - limits: Bounds and patience.
    ///   - derives: Which events it derives.
    package init(
        limits: CallTrackerLimits = CallTrackerLimits(),
        derives: Set<DerivedEvent.Kind> = Set(DerivedEvent.Kind.allCases)
    ) {
        tracker = Mutex(CallTracker(limits: limits, derives: derives))
    }

    /// Takes in a push.
    ///
    /// - Parameters:
    ///   - push: The push.
    ///   - time: When it arrived.
    /// - Returns: What the push does not say, and what follows from it.
    func observe(_ push: CallObservation, at time: Timestamp) -> TrackedPush {
        tracker.withLock { $0.observe(push, at: time) }
    }

    /// What a decision on a leg has to heed.
    package func decisionContext(of leg: String, gatherLimit: Int) -> DecisionContext {
        tracker.withLock { $0.decisionContext(of: leg, gatherLimit: gatherLimit) }
    }

    /// Notes what we replied.
    package func note(_ decision: CallDecision, on leg: String) {
        tracker.withLock { $0.note(decision, on: leg) }
    }

    /// How legs ended since `countFates`.
    package var fates: LegFates { tracker.withLock { $0.fates } }

    /// Counts from now on how legs end that begin from now on.
    package func countFates(since time: Timestamp) {
        tracker.withLock { tracker in
            tracker.fates = LegFates()
            tracker.fatesSince = time
        }
    }

    /// Lets time pass.
    ///
    /// - Parameter time: Now.
    /// - Returns: What became of calls, in order, and when to ask again; nil: after the next push.
    package func advance(to time: Timestamp) -> (derived: [DerivedEvent], next: Timestamp?) {
        tracker.withLock { tracker in (tracker.advance(to: time), tracker.nextDeadline) }
    }
}
