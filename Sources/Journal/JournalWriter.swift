import GRDB
import NIOCore
import Webhooks

/// The one thread that writes the journal.
///
/// It takes all that waits, commits it with one sync, and tells every event loop once. Between commits it does the
/// housekeeping, in small steps. After a failure it believes nothing: it closes the file, opens it again, and reads
/// what it knows from there.
///
/// Blocking calls, which is what the thread is for: all of SQLite, and waiting for work.
final class JournalWriter {
    /// How serving a file came to its end.
    enum Ending {
        case closed
        case failed(any Error)
    }

    let inbox: Inbox
    let reader: BacklogReader
    let statistics: StatisticsBox
    let file: JournalFile
    let limits: JournalLimits
    let destinations: [String]
    /// Nil: nobody can have a number forgotten.
    let eraser: JournalEraser?

    /// By place.
    var attachments: [Int: Attachment] = [:]
    /// What is being worked on; what could not be committed of the settlements stays in it.
    var work = Inbox.Work()
    /// Settlements that a failure left behind.
    var carried: [Settlement] = []
    /// The last position whose caller was told that it is durable, or that was there before.
    private var committed: Int64 = 0
    private var hasBegun = false
    /// Up to here a destination's deliverer was given entries before this process began.
    var handedBefore: [Int64] = []
    var housekeeping: Housekeeping
    /// Held as long as the thread runs.
    private var lock: JournalLock?
    var notices = LoopNotices()
    /// How many callers seem to append, each waiting for its commit before it comes again.
    private var population = 0
    /// Whether the journal is to end.
    var isClosing = false

    init(
        inbox: Inbox,
        reader: BacklogReader,
        statistics: StatisticsBox,
        file: JournalFile,
        destinations: [String],
        eraser: JournalEraser?
    ) {
        self.inbox = inbox
        self.reader = reader
        self.statistics = statistics
        self.file = file
        self.destinations = destinations
        self.eraser = eraser
        limits = file.limits
        housekeeping = Housekeeping(limits: limits)
    }

    // MARK: The life of the thread

    /// Runs until the journal is closed.
    ///
    /// - Parameter opened: hears once whether the journal could be opened.
    func run(opened: (JournalOpenError?) -> Void) {
        defer { lock = nil }
        var present: (database: DatabaseQueue, isUnchecked: Bool)
        do {
            try file.makeDirectory()
            lock = try JournalLock(journal: file.path)
            present = try file.open(isSuspect: false)
        } catch {
            return opened(error as? JournalOpenError ?? .unusable(path: file.path, reason: words(error)))
        }
        var isFirst = true
        while true {
            let ending = present.database.inDatabase { database in
                serve(database) { store in
                    if isFirst { try begin(store) } else { try resume(store) }
                    if isFirst { opened(nil) }
                    isFirst = false
                    if present.isUnchecked { checkInBackground() }
                }
            }
            // What is still open in it, SQLite closes with the last statement.
            try? present.database.close()
            switch ending {
            case .closed:
                return
            case .failed(let error):
                if isFirst { return opened(.unusable(path: file.path, reason: words(error))) }
                guard let next = recover(from: error) else { return }
                present = next
            }
        }
    }

    /// Works on one connection until the journal is closed or something fails.
    private func serve(_ database: Database, start: (JournalStore) throws -> Void) -> Ending {
        do {
            if hasBegun { try JournalStore.forget(after: committed, database) }
            let store = try JournalStore(database, destinations: destinations)
            try start(store)
            return serve(store)
        } catch {
            return .failed(error)
        }
    }

    /// What is true at the start of a process only.
    private func begin(_ store: JournalStore) throws {
        handedBefore = store.places.map(\.handed)
        committed = store.last
        hasBegun = true
        try store.beginTransaction()
        try store.releaseClaims()
        try store.commit()
    }

    private func serve(_ store: JournalStore) -> Ending {
        housekeeping.reset()
        while true {
            do {
                gather()
                inbox.take(&work)
                if !carried.isEmpty {
                    work.settlements.insert(contentsOf: carried, at: 0)
                    carried = []
                }
                noteClosing()
                try commit(store)
                if isClosing {
                    try store.checkpoint(truncate: true)
                    return .closed
                }
                try housekeeping.run(self, store)
            } catch {
                fail(error)
                store.abandon()
                return .failed(error)
            }
        }
    }

    /// Remembers a wish to close among what was taken.
    func noteClosing() {
        if work.commands.contains(where: { if case .close = $0 { true } else { false } }) { isClosing = true }
    }

    // MARK: Waiting

    /// Blocks until there is something to do, and a little longer when more is on its way.
    ///
    /// Callers who wait for their commit before they append again are all among those of the last commit and those who
    /// came during it. When as many are there, nobody else is on the way; so one caller alone never waits.
    private func gather() {
        let expected = min(limits.crowd, population)
        var counts = inbox.wait(for: .anything, until: housekeeping.next)
        if counts.appends == 0, counts.commands == 0, counts.settlements > 0 {
            counts = inbox.wait(for: .appendOrCommand, until: .now() + limits.settleDelay)
        }
        var seen = counts.appends
        guard seen > 0, seen < expected else { return }
        let end = NIODeadline.now() + limits.linger
        while seen < expected, NIODeadline.now() < end {
            let now = inbox.wait(for: .appends(expected), until: min(end, .now() + limits.quiet)).appends
            if now == seen { break }
            seen = now
        }
    }

    /// Whether nobody waits for a commit.
    var isIdle: Bool { inbox.counts.appends == 0 }

    // MARK: Committing

    /// Makes all work durable in one transaction, and tells those who wait.
    private func commit(_ store: JournalStore) throws {
        population = work.appends.count
        guard !work.appends.isEmpty || !work.settlements.isEmpty || !work.commands.isEmpty else { return }
        let start = NIODeadline.now()
        let first = store.last + 1
        var answers = Answers()
        try store.beginTransaction()
        for settlement in work.settlements { try store.settle(settlement) }
        for append in work.appends {
            for entry in append.entries { _ = try store.append(entry) }
        }
        for (place, _) in attachments where store.last >= first { store.hand(place, store.last) }
        for command in work.commands { try prepare(command, store, &answers) }
        try store.commit()

        committed = store.last
        if !work.appends.isEmpty { announce(first) }
        let events = Int(store.last - first + 1)
        let settled = work.settlements.count
        let time = Int((NIODeadline.now() - start).nanoseconds / 1000)
        statistics.update { statistics in
            statistics.commits += 1
            statistics.commitsWithEvents += events > 0 ? 1 : 0
            statistics.events += events
            statistics.settled += settled
            statistics.lastCommit = time
            statistics.commitTime.record(time * 1000)
            if events > 0 { statistics.eventsInCommit.record(events) }
        }
        work.removeAll()
        // Before anyone who was in this commit can come again.
        population += inbox.counts.appends
        notices.deliver(.success(()))
        answers.deliver(self, store)
    }

    /// Prepares the news and the promises of what was committed.
    private func announce(_ first: Int64) {
        for (place, attachment) in attachments {
            var position = first
            var entries: [JournalEntry] = []
            for append in work.appends {
                for entry in append.entries {
                    if entry.destinations.contains(place) {
                        entries.append(
                            JournalEntry(
                                position: JournalPosition(position),
                                event: entry.event,
                                route: entry.route
                            )
                        )
                    }
                    position += 1
                }
            }
            if !entries.isEmpty { notices.add(.committed(entries), for: attachment) }
        }
        for append in work.appends { notices.add(append.promise) }
    }

    /// Tells attached deliverers of the given places that deferred entries changed.
    func announceDeferred(_ places: Set<Int>) {
        for place in places {
            if let attachment = attachments[place] { notices.add(.deferredChanged, for: attachment) }
        }
        notices.deliver(.success(()))
    }
}
