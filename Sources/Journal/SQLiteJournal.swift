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
    private let reader: BacklogReader
    private let counters: StatisticsBox
    private let closing = Mutex(Closing())

    private struct Closing {
        var isOver = false
        var promises: [EventLoopPromise<Void>] = []
    }

    private init(inbox: Inbox, reader: BacklogReader, counters: StatisticsBox) {
        self.inbox = inbox
        self.reader = reader
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
    ///   - report: hears what an operator should hear, on a thread of the journal's; it must not block.
    /// - Returns: the journal, ready for use.
    /// - Throws: `JournalOpenError`.
    package static func open(
        path: String,
        destinations: [String],
        limits: JournalLimits = JournalLimits(),
        report: @escaping @Sendable (JournalNotice) -> Void = { _ in }
    ) async throws -> SQLiteJournal {
        let inbox = Inbox(limits: limits)
        let reader = BacklogReader(path: path)
        let counters = StatisticsBox()
        let journal = SQLiteJournal(inbox: inbox, reader: reader, counters: counters)
        let finished = { @Sendable [weak journal] in
            reader.close()
            journal?.finish()
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let thread = Thread {
                let writer = JournalWriter(
                    inbox: inbox,
                    reader: reader,
                    statistics: counters,
                    file: JournalFile(path: path, limits: limits, report: report),
                    destinations: destinations
                )
                writer.run { problem in
                    if let problem {
                        continuation.resume(throwing: problem)
                    } else {
                        continuation.resume()
                    }
                }
                finished()
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

    package func settle(_ settlements: [Settlement]) {
        inbox.settle(settlements)
    }

    package func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let isOver = closing.withLock { closing in
            if !closing.isOver { closing.promises.append(promise) }
            return closing.isOver
        }
        if isOver { promise.succeed() } else { inbox.send(.close) }
        return promise.futureResult
    }

    /// The thread is done.
    private func finish() {
        let promises = closing.withLock { closing in
            closing.isOver = true
            defer { closing.promises = [] }
            return closing.promises
        }
        for promise in promises { promise.succeed() }
    }
}
