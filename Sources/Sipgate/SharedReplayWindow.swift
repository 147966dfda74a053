import Synchronization
import Webhooks

/// The one replay window of a route, for the event loops that its pushes arrive on, with the answers that were given.
package final class SharedReplayWindow: Sendable {
    private struct State {
        var window: ReplayWindow
        /// What decided pushes in the window, unless they just went on.
        var decisions: [ReplayWindow.Key: CallDecision] = [:]
        var repetitions = 0
    }

    private let state: Mutex<State>

    package init(_ window: ReplayWindow) {
        state = Mutex(State(window: window))
    }

    /// How many pushes were there before.
    package var repetitions: Int { state.withLock { $0.repetitions } }

    /// Says whether a push is new, and remembers it; a repetition comes with the decision of the first.
    func admit(_ key: ReplayWindow.Key, at now: Timestamp) -> (isNew: Bool, decision: CallDecision) {
        state.withLock { state in
            if state.window.admit(key, at: now) == .fresh { return (true, .proceed) }
            state.repetitions += 1
            return (false, state.decisions[key] ?? .proceed)
        }
    }

    /// Notes what a push was answered with.
    func note(_ decision: CallDecision, for key: ReplayWindow.Key) {
        guard !decision.actions.isEmpty else { return }
        state.withLock { state in
            state.decisions[key] = decision
            // Twice as many as when last looked at: each is looked at a bounded number of times.
            if state.decisions.count.nonzeroBitCount == 1, state.decisions.count >= 64 {
                state.decisions = state.decisions.filter { state.window.remembers($0.key) }
            }
        }
    }

    /// Forgets a push that could not be kept.
    func withdraw(_ key: ReplayWindow.Key) {
        state.withLock { state in
            state.window.withdraw(key)
            state.decisions[key] = nil
        }
    }
}
