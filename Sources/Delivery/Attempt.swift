internal import Journal
internal import NIOCore
internal import Webhooks

/// One event on its way to one destination: what to send, until when, and, in the subclasses, who waits for the outcome.
///
/// A reference, since queue, connection and dispatcher hold the same one: an event has a dozen parts to be counted.
class Attempt {
    /// What to send.
    final let event: Event
    /// The moment of sending as the receiver reads it, `webhook-timestamp`.
    final var time: Timestamp
    /// When the destination's time-out is over.
    final var deadline: NIODeadline
    /// Whether it was sent once before, on a connection that turned out to be stale.
    final var isRetry = false
    /// What its request has instead of the event's `traceparent`; nil: nothing.
    final var traceParent: String?
    /// How many bytes of the response's content are wanted; nil: none.
    final let wantsContent: Int?
    /// The content of the response, if it was wanted and not longer than that.
    final var content: ByteBuffer?

    init(event: Event, time: Timestamp, deadline: NIODeadline, wantsContent: Int? = nil) {
        self.event = event
        self.time = time
        self.deadline = deadline
        self.wantsContent = wantsContent
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

    init(event: Event, time: Timestamp, deadline: NIODeadline, whenFinished: @escaping (AttemptOutcome) -> Void) {
        self.whenFinished = whenFinished
        super.init(event: event, time: time, deadline: deadline)
    }

    override func finish(_ outcome: AttemptOutcome) {
        whenFinished(outcome)
    }
}

/// An attempt for an entry of the journal, from its place in line to its outcome.
final class LeasedAttempt: Attempt {
    /// The entry's place in the journal.
    let position: JournalPosition
    /// From 1; counted already.
    let number: Int
    /// Where the entry waited.
    let origin: Lease.Origin

    /// When it began, by the steady clock.
    var begin = Timestamp(milliseconds: 0)
    /// Whether the breaker waits for it.
    var isProbe = false
    /// The one that waits for this one, since it has the same subject.
    var follower: LeasedAttempt?
    /// Who hears of the outcome; set while it is under way.
    var dispatcher: Dispatcher?

    init(_ entry: JournalEntry, number: Int, origin: Lease.Origin) {
        position = entry.position
        self.number = number
        self.origin = origin
        super.init(event: entry.event, time: entry.event.time, deadline: .distantFuture)
    }

    convenience init(_ lease: Lease) {
        self.init(lease.entry, number: lease.attempt, origin: lease.origin)
    }

    /// By what order is kept.
    var subject: String { event.draft.subject }

    /// About what it costs to keep, in bytes.
    var weight: Int { event.draft.data.readableBytes + LeasedAttempt.overhead }

    /// For the object, its texts, and its share of tables.
    static let overhead = 768

    override func finish(_ outcome: AttemptOutcome) {
        let dispatcher = self.dispatcher
        self.dispatcher = nil
        dispatcher?.ended(self, outcome)
    }
}

@available(*, unavailable)
extension Attempt: Sendable {}
