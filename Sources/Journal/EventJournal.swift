package import NIOCore
package import Webhooks

/// The durable queue between accepting and delivering.
///
/// Every wanted entry is, at each of its destinations, in exactly one state: pending (in line, deferred or held),
/// delivered, dead, expired or dropped. In line, a destination has a cursor: all wanted entries up to it have left the
/// line. Entries that cannot be delivered at their turn leave it too, as deferred ones, so that the cursor moves on.
///
/// An implementation keeps these promises: what `append` has confirmed survives a crash and a power cut; positions
/// follow the order of confirmation; whatever was not settled durably is handed out again after a restart. Methods may
/// be called from any thread and never block; results come back on the given event loop.
package protocol EventJournal: AnyObject, Sendable {
    /// Makes events durable, all of them or none.
    ///
    /// - Parameters:
    ///   - entries: in order; mostly one.
    ///   - promise: succeeded once a synced commit holds them, failed with a `JournalError` when nothing was kept.
    func append(_ entries: [NewEntry], promise: EventLoopPromise<Void>)

    /// Registers who delivers to a destination; once for each.
    ///
    /// - Parameters:
    ///   - destination: its place in the list the journal was opened with.
    ///   - eventLoop: where `receive` is called: with every commit at most once, together with the promises of that
    ///     loop, and in the order of the commits.
    ///   - receive: takes the news.
    /// - Returns: how things stood in the moment of registration. Entries committed later come as news.
    func attach(
        _ destination: Int,
        on eventLoop: any EventLoop,
        receive: @escaping @Sendable (JournalNews) -> Void
    ) -> EventLoopFuture<JournalStanding>

    /// Reads on in the line of a destination, and counts an attempt for what it returns.
    ///
    /// - Parameters:
    ///   - destination: its place in the list the journal was opened with.
    ///   - position: where the reader stands; entries after it are returned, those that already left the line excepted.
    ///   - limit: how many at most, from 1.
    ///   - eventLoop: where the result is wanted.
    /// - Returns: leases in order of position; fewer than `limit` when the end of the line is reached. Fails with a
    ///   `JournalError`.
    func read(
        _ destination: Int,
        after position: JournalPosition,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[Lease]>

    /// Claims deferred entries of a destination that are due, and counts an attempt for each, durably.
    ///
    /// - Parameters:
    ///   - destination: its place in the list the journal was opened with.
    ///   - now: what is due by then is claimed.
    ///   - expiry: when the claim ends unless it is settled before, so that nothing is claimed for ever.
    ///   - limit: how many at most, from 1.
    ///   - eventLoop: where the result is wanted.
    /// - Returns: leases and the next moment to ask. Fails with a `JournalError`.
    func lease(
        _ destination: Int,
        dueBy now: Timestamp,
        expiry: Timestamp,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<LeaseBatch>

    /// Notes what became of entries. It rides in the next commit; nobody waits for it.
    ///
    /// When a deferred entry comes to its end, the next held one of its subject becomes due at once. A failing disk
    /// does not lose settlements: they wait for the first commit that succeeds. A crash before loses them, and the
    /// entries are delivered again.
    func settle(_ settlements: [Settlement])

    /// Whether entries are being accepted, and if not, why.
    var condition: JournalCondition { get }

    /// Commits what waits, then closes; later appends fail with `JournalError.closed`. Completes once, never fails.
    func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void>
}

/// What a destination's deliverer hears from the journal.
package enum JournalNews: Sendable {
    /// Fresh entries that the destination wants, in order of position.
    ///
    /// Their first attempt is counted.
    case committed([JournalEntry])
    /// An operator changed deferred entries: ask for leases.
    case deferredChanged
}

/// How things stand at a destination when its deliverer attaches.
package struct JournalStanding: Sendable {
    /// All wanted entries up to here have left the line.
    package let cursor: JournalPosition
    /// The last position in the journal; later entries come as news.
    package let last: JournalPosition
    /// The subjects that have deferred or held entries, and how many; replays are not among them.
    package let deferred: [String: Int]
    /// When the first deferred entry is due.
    package let nextDue: Timestamp?

    package init(cursor: JournalPosition, last: JournalPosition, deferred: [String: Int], nextDue: Timestamp?) {
        self.cursor = cursor
        self.last = last
        self.deferred = deferred
        self.nextDue = nextDue
    }
}

/// Whether the journal accepts entries.
package enum JournalCondition: Sendable, Equatable {
    /// It does.
    case writable
    /// It does not, and tries again by itself; in words for people.
    case unavailable(String)
    /// The backlog has reached its largest size.
    case full
    /// It was closed.
    case closed

    /// What to do about a reason for being unavailable, in words that follow it; empty where nobody knows.
    package static func remedy(_ reason: String) -> String {
        reason.contains("disk is full") ? "; make room on its disk, and it goes on by itself" : ""
    }
}
