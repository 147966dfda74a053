package import NIOCore
package import Webhooks

/// Sends events to destinations over kept-alive connections on one event loop.
///
/// Each event loop has its own, and everything about it happens on that loop; concurrency is shared out evenly. It is
/// for routes without a journal: `forward` makes one attempt and tells how it ended, and there is no other one.
package final class Forwarder {
    private let eventLoop: any EventLoop
    /// By the destination's place, as are all lists here.
    private let wanted: [Destination.Wanted]
    private let timeouts: [TimeAmount]
    private let pools: [UpstreamPool]
    /// How attempts ended, by the destination's place.
    package private(set) var attempts: [AttemptCounts]

    /// Prepares to send; connections are made when they are needed.
    ///
    /// - Parameters:
    ///   - destinations: where events may go; `forward` names them by their place in here.
    ///   - eventLoop: the loop this forwarder lives on.
    ///   - loops: how many forwarders share each destination's concurrency, from 1; every one gets at least 1.
    package convenience init(destinations: [Destination], eventLoop: any EventLoop, loops: Int) {
        let limits = DeliveryLimits()
        self.init(destinations: destinations, eventLoop: eventLoop, loops: loops, limits: limits) { destination in
            SocketConnector.make(destination, eventLoop: eventLoop, limits: limits)
        }
    }

    /// A forwarder whose connections are made by something else.
    init(
        destinations: [Destination],
        eventLoop: any EventLoop,
        loops: Int,
        limits: DeliveryLimits,
        connect: (Destination) -> UpstreamPool.Connect
    ) {
        self.eventLoop = eventLoop
        wanted = destinations.map(\.wanted)
        timeouts = destinations.map(\.timeout)
        attempts = destinations.map { _ in AttemptCounts() }
        pools = destinations.map { destination in
            UpstreamPool(
                destination,
                concurrency: max(1, destination.concurrency / max(1, loops)),
                limits: limits,
                eventLoop: eventLoop,
                connect: connect(destination)
            )
        }
    }

    /// Makes one attempt to deliver an event.
    ///
    /// - Parameters:
    ///   - event: what to send.
    ///   - index: the destination's place in the list given to `init`.
    ///   - trace: the attempt's own `traceparent`; nil: that of the event.
    ///   - whenFinished: called exactly once with the outcome, on this loop and within the destination's time-out;
    ///     perhaps before this returns.
    package func forward(
        _ event: Event,
        to index: Int,
        trace: String? = nil,
        whenFinished: @escaping (AttemptOutcome) -> Void
    ) {
        eventLoop.assertInEventLoop()
        let begin = eventLoop.now
        let attempt = CalledAttempt(
            event: event,
            time: Timestamp.now(),
            deadline: begin + timeouts[index]
        ) { outcome in
            self.attempts[index].note(outcome, nanoseconds: Int((self.eventLoop.now - begin).nanoseconds))
            whenFinished(outcome)
        }
        attempt.traceParent = trace
        pools[index].submit(attempt)
    }

    /// Whether a destination wants this event.
    package func wants(_ event: Event, _ index: Int) -> Bool {
        wanted[index].includes(event)
    }

    /// Closes idle connections and lets attempts under way come to their end; later ones are `unreachable`.
    ///
    /// - Returns: completes when the last connection is gone, at the latest after the longest time-out. Never fails.
    package func drain() -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        return EventLoopFuture.andAllComplete(pools.map { $0.drain() }, on: eventLoop)
    }
}

@available(*, unavailable)
extension Forwarder: Sendable {}
