package import Journal
package import NIOCore
import NIOPosix
import Synchronization
package import Webhooks

/// Something a journal did that it must not do.
package struct JournalFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Fails a test with words when a condition does not hold.
package func require(_ condition: Bool, _ words: @autoclosure () -> String) throws {
    if !condition { throw JournalFailure(description: words()) }
}

/// A journal with the calls of tests, which wait.
package struct JournalHarness: Sendable {
    package let journal: any EventJournal
    /// Where results come back.
    package let eventLoop: any EventLoop

    package init(_ journal: any EventJournal) {
        self.journal = journal
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    }

    /// An event that can be told from others by its number.
    package static func entry(
        _ number: Int,
        subject: String = "call",
        to destinations: [Int] = [0],
        type: String = "call.started",
        route: String = "/hooks",
        time: Timestamp = .now(),
        data: ByteBuffer? = nil,
        traceParent: String? = nil,
        client: ClientCertificate? = nil,
        origin: RequestOrigin? = nil
    ) -> NewEntry {
        NewEntry(
            event: Event(
                id: EventID(time: time, random: (UInt64(number) >> 32, UInt64(number))),
                source: "https://gateway.test\(route)",
                time: time,
                draft: EventDraft(
                    type: EventType(namespace: "test", name: type),
                    subject: subject,
                    data: data ?? ByteBuffer(string: "{\"number\":\(number)}")
                ),
                trace: traceParent.map { TraceContext(text: $0) },
                client: client,
                origin: origin
            ),
            route: route,
            destinations: DestinationSet(destinations)
        )
    }

    package func append(_ entries: [NewEntry]) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        journal.append(entries, promise: promise)
        try await promise.futureResult.get()
    }

    package func attach(_ destination: Int) async throws -> (NewsBox, JournalStanding) {
        let box = NewsBox()
        let standing = try await journal.attach(destination, on: eventLoop) { box.put($0) }.get()
        return (box, standing)
    }

    package func read(_ destination: Int, after position: Int64 = 0, limit: Int = 1000) async throws -> [Lease] {
        try await journal.read(destination, after: JournalPosition(position), limit: limit, on: eventLoop).get()
    }

    package func lease(
        _ destination: Int,
        now: Int64,
        expiry: Int64? = nil,
        limit: Int = 1000
    ) async throws -> LeaseBatch {
        try await journal.lease(
            destination,
            dueBy: Timestamp(milliseconds: now),
            expiry: Timestamp(milliseconds: expiry ?? now + 60_000),
            limit: limit,
            on: eventLoop
        ).get()
    }

    package func close() async throws {
        try await journal.close(on: eventLoop).get()
    }

    /// Notes what became of an entry.
    package func settle(
        _ entry: JournalEntry,
        at destination: Int = 0,
        _ outcome: Settlement.Outcome,
        origin: Lease.Origin = .sequence,
        attempt: Int? = 1
    ) {
        journal.settle([
            Settlement(
                position: entry.position,
                subject: entry.event.draft.subject,
                destination: destination,
                origin: origin,
                outcome: outcome,
                attempt: attempt.map {
                    AttemptRecord(
                        number: $0,
                        time: Timestamp(milliseconds: 1000),
                        latency: 7,
                        outcome: outcome == .delivered ? "delivered" : "refused",
                        detail: outcome == .delivered ? nil : "answering",
                        status: outcome == .delivered ? 200 : 503
                    )
                }
            )
        ])
    }

    package func settle(_ lease: Lease, at destination: Int = 0, _ outcome: Settlement.Outcome) {
        settle(lease.entry, at: destination, outcome, origin: lease.origin, attempt: lease.attempt)
    }
}

/// What a deliverer heard, for a test that waits for it.
package final class NewsBox: Sendable {
    private struct State {
        var entries: [JournalEntry] = []
        var calls = 0
        var changes = 0
        var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

        mutating func satisfied() -> CheckedContinuation<Void, Never>? {
            guard let (count, continuation) = waiting, entries.count + changes >= count else { return nil }
            waiting = nil
            return continuation
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func put(_ news: JournalNews) {
        let continuation = state.withLock { state in
            state.calls += 1
            switch news {
            case .committed(let entries): state.entries += entries
            case .deferredChanged: state.changes += 1
            }
            return state.satisfied()
        }
        continuation?.resume()
    }

    /// All entries so far.
    package var entries: [JournalEntry] { state.withLock { $0.entries } }

    /// How often something was heard.
    package var calls: Int { state.withLock { $0.calls } }

    /// Waits until this many entries and changes were heard of; for one caller at a time.
    package func wait(for count: Int) async -> [JournalEntry] {
        await withCheckedContinuation { continuation in
            let satisfied = state.withLock { state in
                state.waiting = (count, continuation)
                return state.satisfied()
            }
            satisfied?.resume()
        }
        return entries
    }
}
