import Delivery
import NIOCore
import Synchronization
import Webhooks

/// Decides which requests are traced, and keeps their spans until they are sent.
///
/// Whoever calls us with a `traceparent` and is let in decides; of the others a share is taken. What is not taken costs a
/// look at one field, or a random number.
final class Tracer: Sendable {
    /// Spans that are kept until the collector has them; later ones are dropped and counted.
    static let mostKept = 2048
    /// Spans that are sent at once.
    static let batch = 512

    /// What became of spans.
    struct Counts: Sendable, Equatable {
        var exported = 0
        var dropped = 0
        /// Of requests that their head condemned, and not kept for the sake of the others.
        var refusalsDropped = 0
    }

    private struct State {
        /// In the order in which they came; the last batch is being filled.
        var batches: [[Span]] = []
        /// How many those are, with the batch that is being sent.
        var kept = 0
        var counts = Counts()

        mutating func keep(_ span: Span) {
            kept += 1
            if let last = batches.indices.last, batches[last].count < Tracer.batch {
                batches[last].append(span)
            } else {
                batches.append([span])
            }
        }
    }

    let configuration: TracingConfiguration
    /// One queue for all loops: at a span every 5 µs on each of two, a lock for each was measured to save nothing.
    private let state = Mutex(State())

    init(_ configuration: TracingConfiguration) {
        self.configuration = configuration
    }

    // MARK: What is traced

    /// A request that is traced.
    final class Request {
        let context: SpanContext
        fileprivate let parent: String?
        fileprivate let start: Int64
        /// False: only the sender wants it traced, and it is not known who that is.
        fileprivate var isTaken: Bool

        fileprivate init(_ context: SpanContext, below parent: String?, since start: Int64, isTaken: Bool) {
            self.context = context
            self.parent = parent
            self.start = start
            self.isTaken = isTaken
        }

        /// What events belong to: this request, with what its sender hands on.
        func handedOn(_ headers: HeaderFields) -> TraceContext {
            TraceContext(parent: context.text, state: parent == nil ? nil : TraceContext.of(headers)?.state)
        }

        /// Its sender was let in, and is believed.
        func admit() { isTaken = true }
    }

    /// A request that has come in whole; nil: nobody looks at it.
    func begin(_ head: RequestHead) -> Request? {
        let start = head.arrival.milliseconds * 1_000_000
        if let parent = TraceParent.of(head.headers).flatMap(SpanContext.init) {
            guard parent.isSampled else { return nil }
            return Request(parent.child, below: parent.span, since: start, isTaken: isDrawn)
        }
        return isDrawn ? Request(.root(isSampled: true), below: nil, since: start, isTaken: true) : nil
    }

    var isDrawn: Bool { Double.random(in: 0..<1) < configuration.sample }

    /// The reply to a request.
    func end(_ request: Request, _ head: RequestHead, path: String, _ reply: Reply) {
        guard request.isTaken else { return }
        record(
            Span(
                context: request.context,
                parent: request.parent,
                name: "POST \(path)",
                kind: .server,
                start: request.start,
                end: Span.now(),
                attributes: [
                    ("http.request.method", .text(head.method)), ("url.path", .text(path)),
                    ("url.scheme", .text("https")), ("http.response.status_code", .number(reply.status)),
                    ("hookgate.request", .text("\(head.id)")),
                ],
                error: reply.reason?.rawValue,
                isFailed: reply.status >= 500
            )
        )
    }

    /// Something within a request that has just ended.
    func record(
        _ name: String,
        _ kind: Span.Kind,
        in request: Request,
        as context: SpanContext? = nil,
        since start: Int64,
        _ attributes: [(name: String, value: Span.Value)],
        error: String?
    ) {
        record(
            Span(
                context: context ?? request.context.child,
                parent: request.context.span,
                name: name,
                kind: kind,
                start: start,
                end: Span.now(),
                attributes: attributes,
                error: error,
                isFailed: error != nil
            )
        )
    }

    /// Follows the attempts of events that came with a traced request.
    var attempts: AttemptTrace {
        AttemptTrace(
            begin: { event in
                guard let parent = event.traceParent.flatMap(SpanContext.init), parent.isSampled else { return nil }
                return parent.child.text
            },
            end: { traceParent, attempt in self.attempted(traceParent, attempt) }
        )
    }

    private func attempted(_ traceParent: String, _ attempt: AttemptTrace.Ended) {
        guard let context = SpanContext(traceParent) else { return }
        let end = Span.now()
        var attributes: [(name: String, value: Span.Value)] = [
            ("http.request.method", .text("POST")), ("hookgate.destination", .text(attempt.destination)),
            ("hookgate.event", .text("\(attempt.event.id)")),
            ("hookgate.event_type", .text("\(attempt.event.draft.type)")),
        ]
        if attempt.number > 1 { attributes.append(("http.request.resend_count", .number(attempt.number - 1))) }
        let (status, error) = attempt.outcome.traced
        if let status { attributes.append(("http.response.status_code", .number(status))) }
        record(
            Span(
                context: context,
                parent: attempt.event.traceParent.flatMap(SpanContext.init)?.span,
                name: "deliver \(attempt.destination)",
                kind: .client,
                start: end - Int64(attempt.milliseconds) * 1_000_000,
                end: end,
                attributes: attributes,
                error: error,
                isFailed: error != nil
            )
        )
    }

    // MARK: The queue

    /// Puts a span among those that wait, if there is room.
    func record(_ span: Span) {
        state.withLock { state in
            if state.kept < Tracer.mostKept { state.keep(span) } else { state.counts.dropped += 1 }
        }
    }

    /// Puts the span of a request that its head condemned among those that wait, if enough room is left for others.
    func recordRefusal(_ span: Span) {
        state.withLock { state in
            if state.kept < Tracer.mostBeforeRefusals { state.keep(span) } else { state.counts.refusalsDropped += 1 }
        }
    }

    /// Takes out the batch that has waited longest; empty: none waits.
    ///
    /// No span is copied while loops wait. They count as kept until `note` says what became of them.
    func take() -> [Span] {
        state.withLock { $0.batches.isEmpty ? [] : $0.batches.removeFirst() }
    }

    /// What became of spans that were taken.
    func note(_ count: Int, isExported: Bool) {
        state.withLock { state in
            state.kept -= count
            if isExported { state.counts.exported += count } else { state.counts.dropped += count }
        }
    }

    var counts: Counts { state.withLock(\.counts) }
}

extension AttemptOutcome {
    /// The status, and a stable word for what went wrong.
    var traced: (status: Int?, error: String?) {
        switch self {
        case .delivered(let status): (status, nil)
        case .refused(let status, _): (status, "\(status)")
        case .timedOut: (nil, "timed_out")
        case .unreachable: (nil, "unreachable")
        case .overloaded: (nil, "overloaded")
        case .protocolError: (nil, "protocol_error")
        }
    }
}

@available(*, unavailable)
extension Tracer.Request: Sendable {}
