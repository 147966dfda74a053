internal import Journal
internal import NIOCore
internal import Webhooks

/// The entries of one destination that wait for their first attempt, in order of position, as far as memory allows.
///
/// While it is live it takes fresh entries as they are committed. When its bounds are reached it forgets what comes,
/// since the journal has it, and reads the line back in pages until it has caught up; then it is live again. Positions
/// decide what is taken, so that there is neither a gap nor a repetition. After a start it is behind, from the cursor on.
struct EntryLine {
    /// What may be kept in memory for one destination.
    struct Bounds: Sendable {
        /// Entries, those among them that wait for an earlier one of their subject.
        var entries = 4096
        /// Their size in bytes.
        var bytes = 8 << 20
        /// The most entries of one page.
        ///
        /// The next one is asked for when half of it is left.
        var page = 256
    }

    private enum Mode {
        /// Not attached to the journal yet.
        case starting
        case live
        case behind
    }

    /// A page that was asked for.
    private struct Reading {
        let limit: Int
        /// The newest entry that was known when the page was asked for: it shows all up to there.
        let newest: JournalPosition
        /// What was committed since, with which the line goes live if the page is the last one.
        var since: [JournalEntry] = []
        /// Whether there was more than memory allows.
        var isOverflown = false
    }

    private let bounds: Bounds
    private var mode = Mode.starting
    private var waiting = CircularBuffer<LeasedAttempt>(initialCapacity: 64)
    private var reading: Reading?
    /// All entries up to here were taken into memory.
    private var taken = JournalPosition.start
    /// The last entry that is known to be committed.
    private var newest = JournalPosition.start
    /// Not before this moment is read again, after a failure.
    private(set) var pausedUntil: Timestamp?
    /// What an entry weighs by the last page; a guess before the first one.
    private var usualWeight = 32 * 1024

    /// Entries in memory that were not started yet, wherever the lane has put them.
    private(set) var count = 0
    /// Their size in bytes.
    private(set) var bytes = 0

    init(_ bounds: Bounds) {
        self.bounds = bounds
    }

    /// Whether every entry there is stands in memory.
    var isLive: Bool {
        switch mode {
        case .live: true
        case .starting: false
        case .behind: false
        }
    }

    /// Whether it is not known yet how things stand.
    var isStarting: Bool {
        switch mode {
        case .starting: true
        case .live: false
        case .behind: false
        }
    }

    var isEmpty: Bool { waiting.isEmpty }

    /// The journal said how things stand.
    mutating func begin(_ standing: JournalStanding) {
        taken = standing.cursor
        newest = max(newest, standing.last)
        mode = taken < newest ? .behind : .live
    }

    /// Entries were committed.
    mutating func committed(_ entries: [JournalEntry]) {
        guard let last = entries.last else { return }
        newest = max(newest, last.position)
        switch mode {
        case .live: admit(entries)
        case .behind: keepForLater(entries)
        case .starting: ()
        }
    }

    private mutating func admit(_ entries: [JournalEntry]) {
        for entry in entries where entry.position > taken {
            guard count < bounds.entries, bytes < bounds.bytes else {
                mode = .behind
                return
            }
            append(LeasedAttempt(entry, number: 1, origin: .sequence))
        }
    }

    private mutating func keepForLater(_ entries: [JournalEntry]) {
        guard let size = reading?.since.count, reading?.isOverflown == false else { return }
        // A page has its place kept free; these come on top of it.
        if count + size + entries.count <= bounds.entries, bytes < bounds.bytes {
            reading?.since.append(contentsOf: entries)
        } else {
            reading?.since = []
            reading?.isOverflown = true
        }
    }

    private mutating func append(_ item: LeasedAttempt) {
        taken = item.position
        count += 1
        bytes += item.weight
        waiting.append(item)
    }

    /// The first one of the line, which stays in memory until `left` is called.
    mutating func popFirst() -> LeasedAttempt? {
        waiting.popFirst()
    }

    /// An entry of this line was started, or settled without.
    mutating func left(_ item: LeasedAttempt) {
        count -= 1
        bytes -= item.weight
    }

    // MARK: Reading back

    /// What to read now, if anything.
    mutating func read(_ now: Timestamp) -> (after: JournalPosition, limit: Int)? {
        switch mode {
        case .live, .starting: return nil
        case .behind: ()
        }
        guard reading == nil, waiting.count < max(1, bounds.page / 2), bytes < bounds.bytes / 2 else { return nil }
        if let pausedUntil, now < pausedUntil { return nil }
        pausedUntil = nil
        let limit = min(bounds.page, bounds.entries - count, max(1, bounds.bytes / 4 / usualWeight))
        guard limit > 0 else { return nil }
        reading = Reading(limit: limit, newest: newest)
        return (taken, limit)
    }

    /// A page has come.
    mutating func page(_ leases: [Lease]) {
        guard let reading else { return }
        self.reading = nil
        let before = bytes
        for lease in leases where lease.entry.position > taken { append(LeasedAttempt(lease)) }
        if !leases.isEmpty { usualWeight = max(LeasedAttempt.overhead, (bytes - before) / leases.count) }
        guard leases.count < reading.limit else { return }
        // The end of the line, as it was then.
        taken = max(taken, reading.newest)
        if !reading.isOverflown {
            mode = .live
            admit(reading.since)
        } else if taken >= newest {
            mode = .live
        }
    }

    /// A page could not be read.
    mutating func readFailed(retryAt: Timestamp) {
        reading = nil
        pausedUntil = retryAt
    }
}
