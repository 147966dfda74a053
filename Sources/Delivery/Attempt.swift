internal import NIOCore
internal import Webhooks

/// One event on its way to one destination: what to send, until when, and who waits for the outcome.
struct Attempt {
    /// What to send.
    let event: Event
    /// When the destination's time-out is over.
    let deadline: NIODeadline
    /// Completed exactly once, by whoever takes the attempt out of its last place.
    let promise: EventLoopPromise<AttemptOutcome>
    /// Whether it was sent once before, on a connection that turned out to be stale.
    var isRetry = false

    /// Ends the attempt.
    ///
    /// Callers have changed their own state before, since the waiting code may call back.
    func finish(_ outcome: AttemptOutcome) {
        promise.succeed(outcome)
    }
}
