import Delivery
import Webhooks

/// The attempts of one request that stores nothing: waits for all of them, and keeps what went wrong first.
final class Forwarding {
    /// Attempts under way, and one for the time until all have begun.
    private var open = 1
    private var refusal: Reply?
    private let done: (Reply?) -> Void

    /// `done` is called once, with nil when every destination has taken what it was sent.
    init(_ done: @escaping (Reply?) -> Void) {
        self.done = done
    }

    /// An attempt begins.
    func begin() {
        open += 1
    }

    /// An attempt has ended.
    func end(_ outcome: AttemptOutcome) {
        if refusal == nil { refusal = outcome.refusal }
        close()
    }

    /// No further attempt will begin.
    func allBegun() {
        close()
    }

    private func close() {
        open -= 1
        if open == 0 { done(refusal) }
    }
}

@available(*, unavailable)
extension Forwarding: Sendable {}
