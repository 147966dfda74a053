import GRDB
import NIOCore
import Webhooks

/// What the writer does between commits: copies the log, prunes, works off requests; each in small steps.
struct Housekeeping {
    /// When the writer has to come back even if nobody wants anything.
    private(set) var next: NIODeadline = .now()

    private let limits: JournalLimits
    private var watched: NIODeadline = .distantPast
    private var stepped: NIODeadline = .distantPast
    private var nextRound: NIODeadline = .distantPast
    private var isPruning = false
    private var removedInRound = 0
    private var lookedInRound = 0
    private var isPressed = false
    private var erasure: Erasure?
    /// A request that a reader is in the way of does not go on before.
    private var awaited: NIODeadline = .distantPast
    private var isFull = false
    /// What had been written when the size was looked at.
    private var writtenAtLook = 0

    init(limits: JournalLimits) {
        self.limits = limits
    }

    /// Begins anew, with a file that was just opened.
    mutating func reset() {
        self = Housekeeping(limits: limits)
    }

    /// Does what is due, at most one step of each.
    mutating func run(_ writer: JournalWriter, _ store: JournalStore) throws {
        let now = NIODeadline.now()
        if store.logBytes >= min(limits.checkpointSize, limits.maxSize / 8) { try store.checkpoint(truncate: false) }
        if now >= watched + limits.watchInterval {
            watched = now
            if try store.hasNewsFromOutside() { try store.loadRequests() }
            try look(writer, store)
            if now >= nextRound { isPruning = true }
        } else if store.writtenBytes - writtenAtLook >= limits.maxSize / 64 || isFull {
            try look(writer, store)
        }
        let isWorking = !store.requests.isEmpty && now >= awaited
        let isBusy = isPruning || isPressed || isWorking
        // Under load, steps come at a distance; the callers come first.
        if isBusy, now >= stepped + .milliseconds(20) || writer.isIdle {
            stepped = now
            if isWorking { try workOff(writer, store) }
            if isPruning || isPressed { try prune(writer, store) }
        }
        let continues = isPruning || isPressed && removedInRound > 0
        next = continues ? now : watched + limits.watchInterval
        if !store.requests.isEmpty { next = min(next, max(now, awaited)) }
    }

    /// Compares the size with its bound.
    private mutating func look(_ writer: JournalWriter, _ store: JournalStore) throws {
        writtenAtLook = store.writtenBytes
        let bytes = try store.usedBytes() + JournalFile.size(writer.file.path + "-wal")
        writer.statistics.update { $0.bytes = bytes }
        // Settled entries go before appends have to be refused.
        isPressed = bytes >= limits.maxSize / 16 * 15
        if bytes >= limits.maxSize, !isFull {
            isFull = true
            writer.inbox.set(.full)
        } else if isFull, bytes < limits.maxSize / 64 * 63 {
            isFull = false
            writer.inbox.set(.writable)
        }
    }

    private mutating func workOff(_ writer: JournalWriter, _ store: JournalStore) throws {
        if store.requests.first?.action == .forget {
            var next = erasure ?? Erasure()
            let step = try next.step(writer, store)
            if step == .again { awaited = .now() + .milliseconds(100) }
            erasure = step == .done ? nil : next
            return
        }
        try store.beginTransaction()
        let step = try store.workOffRequest()
        try store.commit()
        writer.announceDeferred(step.touched)
    }

    private mutating func prune(_ writer: JournalWriter, _ store: JournalStore) throws {
        let retained = Timestamp.now().milliseconds - limits.retain.nanoseconds / 1_000_000
        let moment = isPressed ? Timestamp(milliseconds: .max) : Timestamp(milliseconds: retained)
        try store.beginTransaction()
        let step = try store.prune(before: moment, limit: 500)
        try store.commit()
        removedInRound += step.removed
        lookedInRound += step.looked
        writer.statistics.update { $0.pruned += step.removed }
        if step.removed > 0, isPressed { try look(writer, store) }
        if step.isComplete {
            isPruning = false
            // A long round through what still waits, for nothing, is not repeated soon.
            let isFutile = removedInRound == 0 && lookedInRound > 1000
            nextRound = .now() + (isFutile ? .minutes(1) : limits.watchInterval)
            removedInRound = 0
            lookedInRound = 0
        }
    }
}
