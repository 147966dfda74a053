import Synchronization
package import Webhooks

/// The one tracker of a route, for the event loops that its pushes arrive on.
///
/// The legs of one call come over several connections, so their loops share what is known. The lock is held for some
/// microseconds, and nothing is called under it.
package final class SharedCallTracker: Sendable {
    private let tracker: Mutex<CallTracker>

    package init(_ tracker: CallTracker) {
        self.tracker = Mutex(tracker)
    }

    /// Takes in a push.
    func observe(_ push: Push, at time: Timestamp) -> TrackedPush {
        let observation = CallObservation(push)
        return tracker.withLock { $0.observe(observation, at: time) }
    }

    /// What a decision on a leg has to heed.
    package func decisionContext(of leg: String, gatherLimit: Int) -> DecisionContext {
        tracker.withLock { $0.decisionContext(of: leg, gatherLimit: gatherLimit) }
    }

    /// Notes what we replied.
    package func note(_ decision: CallDecision, on leg: String) {
        tracker.withLock { $0.note(decision, on: leg) }
    }

    /// Lets time pass.
    ///
    /// - Parameter time: Now.
    /// - Returns: What became of calls, in order, and when to ask again; nil: after the next push.
    package func advance(to time: Timestamp) -> (derived: [DerivedEvent], next: Timestamp?) {
        tracker.withLock { tracker in (tracker.advance(to: time), tracker.nextDeadline) }
    }
}
