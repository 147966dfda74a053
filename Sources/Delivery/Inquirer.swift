package import NIOCore
package import Webhooks

/// Asks one destination what to do, on one event loop: posts an event, and hands the content of the answer back.
///
/// One attempt, without a retry: whoever waits for the answer has a caller on the line.
package final class Inquirer {
    /// The content of an answer at most; a decision has a few hundred bytes.
    package static let maxContentBytes = 16 * 1024

    private let pool: UpstreamPool
    private let eventLoop: any EventLoop

    /// Prepares to ask; connections are made when they are needed, and kept.
    ///
    /// - Parameters:
    ///   - destination: who is asked, its `target` being where questions go.
    ///   - eventLoop: the loop this inquirer lives on.
    ///   - loops: how many inquirers share the destination's concurrency, from 1; every one gets at least 1.
    package convenience init(_ destination: Destination, eventLoop: any EventLoop, loops: Int) {
        let limits = DeliveryLimits()
        self.init(
            destination,
            eventLoop: eventLoop,
            loops: loops,
            limits: limits,
            connect: SocketConnector.make(destination, eventLoop: eventLoop, limits: limits)
        )
    }

    /// An inquirer whose connections are made by something else.
    init(
        _ destination: Destination,
        eventLoop: any EventLoop,
        loops: Int,
        limits: DeliveryLimits,
        connect: @escaping UpstreamPool.Connect
    ) {
        self.eventLoop = eventLoop
        pool = UpstreamPool(
            destination,
            concurrency: max(1, destination.concurrency / max(1, loops)),
            limits: limits,
            eventLoop: eventLoop,
            connect: connect
        )
    }

    /// Asks.
    ///
    /// - Parameters:
    ///   - event: what the question is about.
    ///   - deadline: when an answer is of no use any more.
    ///   - trace: the question's own `traceparent`; nil: that of the event.
    ///   - answer: called exactly once with the answer, on this loop and by the deadline; perhaps before this returns.
    package func ask(
        _ event: Event,
        until deadline: NIODeadline,
        trace: String? = nil,
        answer: @escaping (InquiryAnswer) -> Void
    ) {
        eventLoop.assertInEventLoop()
        guard deadline > eventLoop.now else {
            return answer(.missing("there was no time left to ask"))
        }
        let question = Question(event: event, time: Timestamp.now(), deadline: deadline, answer: answer)
        question.traceParent = trace
        pool.submit(question)
    }

    /// Closes idle connections and lets questions under way come to their end.
    ///
    /// - Returns: completes when the last connection is gone. Never fails.
    package func drain() -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        return pool.drain()
    }
}

/// An attempt whose answer somebody waits for.
private final class Question: Attempt {
    private let answer: (InquiryAnswer) -> Void

    init(event: Event, time: Timestamp, deadline: NIODeadline, answer: @escaping (InquiryAnswer) -> Void) {
        self.answer = answer
        super.init(event: event, time: time, deadline: deadline, wantsContent: Inquirer.maxContentBytes)
    }

    override func finish(_ outcome: AttemptOutcome) {
        guard case .delivered = outcome else { return answer(.missing(outcome.problem)) }
        guard let content else {
            return answer(.missing("the answer is longer than \(Inquirer.maxContentBytes) bytes"))
        }
        guard content.readableBytes > 0 else {
            return answer(.missing(#"the answer is empty; {"actions": []} lets the call go on"#))
        }
        answer(.content(content))
    }
}

extension AttemptOutcome {
    /// Why there is no decision, for the one who runs the destination.
    fileprivate var problem: String {
        switch self {
        case .delivered: "the answer is not there"
        case .refused(let status, _): "the answer has the status \(status), not 2xx"
        case .timedOut(.waiting): "no answer in time: all connections were busy with earlier questions"
        case .timedOut(.connecting): "no answer in time: no connection could be made"
        case .timedOut(.answering): "no answer in time"
        case .unreachable(let reason): "it cannot be reached: \(reason)"
        case .overloaded: "too many questions wait for an answer already"
        case .protocolError: "the answer is not valid HTTP/1.1, or too large"
        }
    }
}

@available(*, unavailable)
extension Inquirer: Sendable {}
