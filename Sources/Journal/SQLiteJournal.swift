import Foundation
package import NIOCore
import NIOPosix
import Synchronization
package import Webhooks

/// The embedded journal: one SQLite file, one thread that writes, group commit across event loops.
///
/// Callers put work into an inbox and go on; see `JournalWriter` for what happens with it.
package final class SQLiteJournal: EventJournal {
    private let inbox: Inbox
    private let counters: StatisticsBox
    private let ending = Ending()

    private init(inbox: Inbox, counters: StatisticsBox) {
        self.inbox = inbox
        self.counters = counters
    }

    deinit {
        // Somebody forgot to close it; the thread ends all the same.
        inbox.send(.close)
    }

    /// Opens a journal, or makes one.
    ///
    /// A damaged file is moved aside, and what can be read of it goes into a new one.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - destinations: the names of all configured destinations, at most 64; the journal's other methods mean them by
    ///     their places in this list. Names that the file knows from before keep what is pending.
    ///   - limits: bounds and times.
    ///   - eraser: takes numbers out of data, for those who want to be forgotten.
    ///   - report: hears what an operator should hear, on a thread of the journal's; it must not block.
    /// - Returns: the journal, ready for use.
    /// - Throws: `JournalOpenError`.
    package static func open(
        path: String,
        destinations: [String],
        limits: JournalLimits = JournalLimits(),
        eraser: JournalEraser? = nil,
        report: @escaping @Sendable (JournalNotice) -> Void = { _ in }
    ) async throws -> SQLiteJournal {
        let inbox = Inbox(limits: limits)
        let reader = BacklogReader(path: path)
        let counters = StatisticsBox()
        let journal = SQLiteJournal(inbox: inbox, counters: counters)
        let ending = journal.ending
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let thread = Thread {
                let writer = JournalWriter(
                    inbox: inbox,
                    reader: reader,
                    statistics: counters,
                    file: JournalFile(path: path, limits: limits, report: report),
                    destinations: destinations,
                    eraser: eraser
                )
                writer.run { problem in
                    if let problem {
                        continuation.resume(throwing: problem)
                    } else {
                        continuation.resume()
                    }
                }
                reader.close()
                ending.announce()
            }
            thread.name = "journal"
            thread.start()
        }
        return journal
    }

    /// What has been done since it was opened.
    package var statistics: JournalStatistics { counters.current }

    package var condition: JournalCondition { inbox.condition }

    package func append(_ entries: [NewEntry], promise: EventLoopPromise<Void>) {
        inbox.append(entries, promise: promise)
    }

    package func attach(
        _ destination: Int,
        on eventLoop: any EventLoop,
        receive: @escaping @Sendable (JournalNews) -> Void
    ) -> EventLoopFuture<JournalStanding> {
        let promise = eventLoop.makePromise(of: JournalStanding.self)
        inbox.send(
            .attach(Attachment(destination: destination, eventLoop: eventLoop, receive: receive, promise: promise))
        )
        return promise.futureResult
    }

    package func read(
        _ destination: Int,
        after position: JournalPosition,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[Lease]> {
        let promise = eventLoop.makePromise(of: [Lease].self)
        inbox.send(
            .read(
                LineRead(
                    destination: destination,
                    limit: max(1, limit),
                    promise: promise,
                    position: position.value
                )
            )
        )
        return promise.futureResult
    }

    package func lease(
        _ destination: Int,
        dueBy now: Timestamp,
        expiry: Timestamp,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<LeaseBatch> {
        let promise = eventLoop.makePromise(of: LeaseBatch.self)
        inbox.send(
            .lease(
                LeaseRequest(
                    destination: destination,
                    now: now,
                    expiry: expiry,
                    limit: max(1, limit),
                    promise: promise
                )
            )
        )
        return promise.futureResult
    }

    /// Adds pushes to what is known of hours; nobody waits for it, and a failing disk loses it.
    package func record(_ activity: [HourlyActivity]) {
        if !activity.isEmpty { inbox.send(.record(activity)) }
    }

    package func settle(_ settlements: [Settlement]) {
        inbox.settle(settlements)
    }

    /// Calls back as soon as the writing thread comes by, on that thread: a sign that it lives, be the file well or ill.
    ///
    /// While that thread makes a damaged file good, which may take minutes, calls back at once.
    ///
    /// Never, when the journal is closed first.
    package func call(_ answer: @escaping @Sendable () -> Void) {
        inbox.call(answer)
    }

    package func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        if ending.isOver(orTell: promise) { promise.succeed() } else { inbox.send(.close) }
        return promise.futureResult
    }
}

/// Who wants to hear that the thread has ended.
private final class Ending: Sendable {
    private struct State {
        var isOver = false
        var promises: [EventLoopPromise<Void>] = []
    }

    private let state = Mutex(State())

    /// Whether it is over; if not, the promise is kept until then.
    func isOver(orTell promise: EventLoopPromise<Void>) -> Bool {
        state.withLock { state in
            if !state.isOver { state.promises.append(promise) }
            return state.isOver
        }
    }

    func announce() {
        let promises = state.withLock { state in
            state.isOver = true
            defer { state.promises = [] }
            return state.promises
        }
        for promise in promises { promise.succeed() }
    }
}
