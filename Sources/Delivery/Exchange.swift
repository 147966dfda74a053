import NIOCore

/// One request and the promise of its outcome, wherever it is at the moment: waiting, or on a connection.
final class Exchange {
    /// The whole request.
    let request: ByteBuffer
    /// When the destination's time-out passes.
    let deadline: NIODeadline
    /// True once it was sent on a connection that turned out to be dead; it is not tried a third time.
    var wasRetried = false
    private var promise: EventLoopPromise<AttemptOutcome>?

    init(request: ByteBuffer, deadline: NIODeadline, promise: EventLoopPromise<AttemptOutcome>) {
        self.request = request
        self.deadline = deadline
        self.promise = promise
    }

    /// True once the outcome is known.
    var isDone: Bool { promise == nil }

    /// Settles the outcome; only the first call counts.
    func complete(_ outcome: AttemptOutcome) {
        let promise = promise
        self.promise = nil
        promise?.succeed(outcome)
    }
}

@available(*, unavailable)
extension Exchange: Sendable {}
