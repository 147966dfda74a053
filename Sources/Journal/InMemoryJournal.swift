package import NIOCore
internal import Synchronization
package import Webhooks

/// The contract of `EventJournal` in memory: nothing survives the process.
///
/// For tests of whoever uses a journal. `restarted` gives what a new process would find, so that crashes can be played
/// through; it forgets what a crash would lose, the settlements that no commit has carried yet.
package final class InMemoryJournal: EventJournal {
    private struct State {
        var book: JournalBook
        /// Settlements since the last commit.
        var settlements: [Settlement] = []
        var receivers: [Int: Receiver] = [:]
        var condition = JournalCondition.writable

        /// Makes what was settled part of what lasts.
        mutating func commit() {
            for settlement in settlements { book.settle(settlement) }
            settlements = []
        }
    }

    private struct Receiver: Sendable {
        let eventLoop: any EventLoop
        let receive: @Sendable (JournalNews) -> Void
    }

    private let state: Mutex<State>

    /// An empty journal.
    ///
    /// - Parameter destinations: how many there are.
    package convenience init(destinations: Int) {
        self.init(JournalBook(destinations: destinations))
    }

    private init(_ book: JournalBook) {
        state = Mutex(State(book: book))
    }

    /// What a new process finds after this one ended.
    ///
    /// - Parameter losingSettlements: whether it crashed before they were committed.
    /// - Returns: a journal without receivers.
    package func restarted(losingSettlements: Bool) -> InMemoryJournal {
        InMemoryJournal(
            state.withLock { state in
                if !losingSettlements { state.commit() }
                return state.book
            }
        )
    }

    /// Makes the disk fail, or work again.
    package func set(_ condition: JournalCondition) {
        state.withLock { $0.condition = condition }
    }

    /// What has become of the entries at a destination, by position.
    package func outcomes(_ destination: Int) -> [JournalPosition: Settlement.Outcome] {
        state.withLock { state in
            state.commit()
            return state.book.outcomes(destination)
        }
    }

    /// Puts an ended entry up for another delivery, as an operator does.
    package func replay(_ position: JournalPosition, at destination: Int) {
        change(destination) { $0.replay(position, at: destination) }
    }

    /// Takes an entry that was set aside, or is held, out of the world, as an operator does.
    package func drop(_ position: JournalPosition, at destination: Int) {
        change(destination) { $0.drop(position, at: destination) }
    }

    private func change(_ destination: Int, _ body: (inout JournalBook) -> Void) {
        let receiver = state.withLock { state in
            state.commit()
            body(&state.book)
            return state.receivers[destination]
        }
        receiver?.eventLoop.execute { receiver?.receive(.deferredChanged) }
    }

    // MARK: EventJournal

    package func append(_ entries: [NewEntry], promise: EventLoopPromise<Void>) {
        // Under the lock, so that every loop hears of the commits in their order; `execute` does not call back.
        state.withLock { state in
            if let error = state.condition.error { return promise.fail(error) }
            state.commit()
            for (destination, news) in state.book.append(entries) {
                guard let receiver = state.receivers[destination] else { continue }
                receiver.eventLoop.execute { receiver.receive(.committed(news)) }
            }
            promise.futureResult.eventLoop.execute { promise.succeed() }
        }
    }

    package func attach(
        _ destination: Int,
        on eventLoop: any EventLoop,
        receive: @escaping @Sendable (JournalNews) -> Void
    ) -> EventLoopFuture<JournalStanding> {
        let promise = eventLoop.makePromise(of: JournalStanding.self)
        state.withLock { state in
            state.commit()
            state.receivers[destination] = Receiver(eventLoop: eventLoop, receive: receive)
            let standing = state.book.standing(destination)
            eventLoop.execute { promise.succeed(standing) }
        }
        return promise.futureResult
    }

    package func read(
        _ destination: Int,
        after position: JournalPosition,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[Lease]> {
        answer(on: eventLoop) { $0.read(destination, after: position, limit: limit) }
    }

    package func lease(
        _ destination: Int,
        dueBy now: Timestamp,
        expiry: Timestamp,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<LeaseBatch> {
        answer(on: eventLoop) { $0.lease(destination, dueBy: now, expiry: expiry, limit: limit) }
    }

    private func answer<Answer: Sendable>(
        on eventLoop: any EventLoop,
        _ body: (inout JournalBook) -> Answer
    ) -> EventLoopFuture<Answer> {
        let promise = eventLoop.makePromise(of: Answer.self)
        state.withLock { state in
            if let error = state.condition.error {
                eventLoop.execute { promise.fail(error) }
            } else {
                state.commit()
                let answer = body(&state.book)
                eventLoop.execute { promise.succeed(answer) }
            }
        }
        return promise.futureResult
    }

    package func settle(_ settlements: [Settlement]) {
        state.withLock { $0.settlements.append(contentsOf: settlements) }
    }

    package var condition: JournalCondition { state.withLock { $0.condition } }

    package func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        state.withLock { state in
            state.commit()
            state.condition = .closed
            state.receivers = [:]
        }
        return eventLoop.makeSucceededVoidFuture()
    }
}

extension JournalCondition {
    /// What an append is told; nil when it may go on.
    fileprivate var error: JournalError? {
        switch self {
        case .writable: nil
        case .unavailable(let words): .unavailable(words)
        case .full: .full
        case .closed: .closed
        }
    }
}
