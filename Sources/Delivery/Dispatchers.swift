package import Journal
package import Logging
package import NIOCore

/// The dispatchers of all destinations: destination n lives on event loop n, and around again.
package struct Dispatchers: Sendable {
    private let all: [NIOLoopBound<Dispatcher>]

    /// Attaches every destination to the journal and begins to deliver.
    ///
    /// - Parameters:
    ///   - destinations: in the order the journal was opened with.
    ///   - journal: where entries come from.
    ///   - group: the event loops.
    ///   - logger: for a line per attempt.
    ///   - trace: follows attempts; nil: nobody does.
    /// - Returns: when the journal has said how things stand at each.
    /// - Throws: what the journal says.
    package static func start(
        _ destinations: [Destination],
        journal: any EventJournal,
        on group: any EventLoopGroup,
        logger: Logger,
        trace: AttemptTrace? = nil
    ) async throws -> Dispatchers {
        let clock = SteadyClock()
        let loops = Array(group.makeIterator())
        var all: [NIOLoopBound<Dispatcher>] = []
        for (place, destination) in destinations.enumerated() {
            let loop = loops[place % loops.count]
            let dispatcher = try await loop.flatSubmit {
                let dispatcher = Dispatcher(
                    destination,
                    place: place,
                    journal: journal,
                    eventLoop: loop,
                    clock: clock,
                    logger: logger,
                    trace: trace
                )
                let bound = NIOLoopBound(dispatcher, eventLoop: loop)
                return dispatcher.start().map { bound }
            }.get()
            all.append(dispatcher)
        }
        return Dispatchers(all: all)
    }

    /// Stops beginning attempts, and waits for those under way; what is not settled then stays in the journal.
    ///
    /// - Parameters:
    ///   - bound: how long to wait at most.
    ///   - loop: where the end is wanted.
    /// - Returns: completes when the last outcome has reached the journal, or at the bound. Never fails.
    package func drain(within bound: TimeAmount, on loop: any EventLoop) -> EventLoopFuture<Void> {
        let drained = all.map { dispatcher in
            dispatcher.eventLoop.flatSubmit { dispatcher.value.drain(within: bound) }
        }
        return EventLoopFuture.andAllComplete(drained, on: loop)
    }

    /// How things stand at every destination, in their order.
    package func statuses(on loop: any EventLoop) -> EventLoopFuture<[DispatcherStatus]> {
        EventLoopFuture.whenAllSucceed(
            all.map { dispatcher in dispatcher.eventLoop.submit { dispatcher.value.status } },
            on: loop
        )
    }
}
