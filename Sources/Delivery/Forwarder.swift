package import NIOCore
package import Webhooks

/// Hands events to destinations over keep-alive connections of one event loop. Used on that loop only.
package final class Forwarder {
    private let destinations: [Destination]
    private let pools: [UpstreamPool]
    private let eventLoop: any EventLoop

    /// Prepares for every destination; connections are made when they are needed.
    ///
    /// - Parameters:
    ///   - destinations: in the order of the configuration, which is how events name them.
    ///   - eventLoop: where everything happens.
    ///   - loops: how many loops share each destination's `concurrency`; each gets at least one connection.
    package init(destinations: [Destination], eventLoop: any EventLoop, loops: Int) {
        self.destinations = destinations
        self.eventLoop = eventLoop
        pools = destinations.map { destination in
            let share = (destination.concurrency + loops - 1) / max(1, loops)
            return UpstreamPool(destination: destination, eventLoop: eventLoop, maxConnections: max(1, share))
        }
    }

    /// Whether a destination wants an event of this type.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - index: the destination's position.
    package func wants(_ event: Event, _ index: Int) -> Bool {
        destinations[index].types?.contains(event.draft.type.name) ?? true
    }

    /// Tries once to hand an event to a destination.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - index: the destination's position.
    /// - Returns: a future that never fails and completes within the destination's time-out.
    package func forward(_ event: Event, to index: Int) -> EventLoopFuture<AttemptOutcome> {
        let pool = pools[index]
        return pool.submit(pool.render(event))
    }

    /// Lets attempts that are under way end, and closes all connections.
    package func drain() -> EventLoopFuture<Void> {
        EventLoopFuture.andAllComplete(pools.map { $0.drain() }, on: eventLoop)
    }
}

@available(*, unavailable)
extension Forwarder: Sendable {}
