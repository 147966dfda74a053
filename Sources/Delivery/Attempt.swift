internal import NIOCore
internal import Webhooks

/// One event on its way to one destination: what to send, until when, and, in the subclasses, who waits for the outcome.
///
/// A reference, since queue and connection hold the same one: an event has a dozen parts to be counted.
class Attempt {
    /// What to send.
    final let event: Event
    /// When the destination's time-out is over.
    final let deadline: NIODeadline
    /// Whether it was sent once before, on a connection that turned out to be stale.
    final var isRetry = false

    init(event: Event, deadline: NIODeadline) {
        self.event = event
        self.deadline = deadline
    }

    /// Ends the attempt; called exactly once, by whoever takes it out of its last place.
    ///
    /// Callers have changed their own state before, since the waiting code may call back.
    func finish(_ outcome: AttemptOutcome) {
        preconditionFailure("an attempt is always one of the subclasses")
    }
}

/// An attempt whose outcome somebody wants to be called with.
final class CalledAttempt: Attempt {
    private let whenFinished: (AttemptOutcome) -> Void

    init(event: Event, deadline: NIODeadline, whenFinished: @escaping (AttemptOutcome) -> Void) {
        self.whenFinished = whenFinished
        super.init(event: event, deadline: deadline)
    }

    override func finish(_ outcome: AttemptOutcome) {
        whenFinished(outcome)
    }
}

@available(*, unavailable)
extension Attempt: Sendable {}
