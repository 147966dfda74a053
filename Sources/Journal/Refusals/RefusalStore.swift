import GRDB
package import NIOCore
import NIOPosix
import Synchronization
import Webhooks

/// How much is kept of those who were turned away.
package struct RefusalLimits: Sendable {
    /// How long.
    package var retain = TimeAmount.hours(24 * 3)
    /// How large the file may become, its log of 4 MiB at most apart.
    package var maxBytes = 64 << 20
    /// How many may wait for the disk; more are counted and dropped.
    var waiting = 1024
    /// The same, in bytes.
    var waitingBytes = 4 << 20
    /// How long to wait for somebody else who writes to the file, before it is tried again.
    var patience = TimeAmount.seconds(1)

    package init() {}
}

/// Keeps those who were turned away, on a thread of its own: whoever hands one over never waits, whatever the disk does.
package final class RefusalStore: Sendable {
    /// What is handed over.
    enum Item: Sendable {
        case record(RefusalRecord)
        /// So many of a reason were not kept, behind the latest that was.
        case more(RefusalRecord.Kind, reason: String, count: Int)

        /// What it takes while it waits, and about what it takes in the file.
        var weight: Int {
            switch self {
            case .record(let record): record.weight
            case .more: 64
            }
        }
    }

    /// What became of them since the process began.
    package struct Statistics: Sendable {
        /// Written.
        package var kept = 0
        /// Lost, because too many waited or the disk did not take them.
        package var lost = 0
        /// How often somebody else wrote to the file for longer than one waits for it; they were tried again.
        var detentions = 0
    }

    private struct State {
        var waiting: [Item] = []
        var bytes = 0
        var isScheduled = false
        var isClosed = false
        var statistics = Statistics()
    }

    /// How often the old ones are removed while new ones come.
    private static let pruning = TimeAmount.seconds(30)
    /// How long a disk that does not take them is left alone.
    private static let patience = TimeAmount.seconds(5)

    /// What only the thread touches.
    private struct Writer {
        var file: RefusalFile?
        var pruned: NIODeadline?
        var resumes = NIODeadline.uptimeNanoseconds(0)
        var isFailing = false
    }

    /// The file.
    package let path: String
    private let limits: RefusalLimits
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let writer = Mutex(Writer())
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// - Parameters:
    ///   - path: the file, which is made with the first record.
    ///   - limits: how much is kept.
    ///   - report: hears, in words, when the disk takes none, once until it does again.
    package init(path: String, limits: RefusalLimits, report: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.limits = limits
        self.report = report
        thread.start()
    }

    /// What became of all that was handed over.
    package var statistics: Statistics { state.withLock { $0.statistics } }

    /// Hands over a record; never waits.
    package func put(_ record: RefusalRecord) { put(.record(record)) }

    /// Hands over a count of those that were not kept, behind the latest that was.
    package func add(_ count: Int, _ kind: RefusalRecord.Kind, reason: String) {
        put(.more(kind, reason: reason, count: count))
    }

    private func put(_ item: Item) {
        let weight = item.weight
        let starts = state.withLock { state in
            guard !state.isClosed, state.waiting.count < limits.waiting,
                state.bytes + weight <= min(limits.waitingBytes, limits.maxBytes / 4)
            else {
                state.statistics.lost += 1
                return false
            }
            state.waiting.append(item)
            state.bytes += weight
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if starts { onThread { self.work() } }
    }

    /// Removes what is too old; to be called now and then, since nobody else does when nobody is turned away.
    package func tidy() {
        let isClosed = state.withLock { $0.isClosed }
        guard !isClosed else { return }
        onThread { self.writer.withLock { self.tidy(&$0) } }
    }

    private func onThread(_ work: @escaping @Sendable () -> Void) {
        // A pool that ends would run it where this was called, which may be an event loop.
        thread.submit { state in if case .active = state { work() } }
    }

    /// Writes what waits and ends.
    package func close() async {
        state.withLock { $0.isClosed = true }
        try? await thread.runIfActive { self.work() }
        try? await thread.runIfActive {
            self.writer.withLock { writer in
                writer.file?.close()
                writer.file = nil
            }
        }
        try? await thread.shutdownGracefully()
    }

    // MARK: The thread

    /// Writes what waits, in one transaction for all that came since the last.
    private func work() {
        while true {
            let items = state.withLock { state in
                let items = state.waiting
                state.waiting = []
                state.bytes = 0
                if items.isEmpty { state.isScheduled = false }
                return items
            }
            guard !items.isEmpty else { return }
            let isWritten = write(items)
            state.withLock { state in
                if isWritten { state.statistics.kept += items.count } else { state.statistics.lost += items.count }
            }
        }
    }

    /// Also while somebody else writes, as long as that takes; who closes waits only once.
    private func write(_ items: [Item]) -> Bool {
        while true {
            switch writer.withLock({ write(items, &$0) }) {
            case .written: return true
            case .lost: return false
            case .busy:
                let isClosed = state.withLock { state in
                    state.statistics.detentions += 1
                    return state.isClosed
                }
                if isClosed { return false }
            }
        }
    }

    private enum Outcome {
        case written
        /// Somebody else writes to the file.
        case busy
        case lost
    }

    private func write(_ items: [Item], _ writer: inout Writer) -> Outcome {
        let now = NIODeadline.now()
        guard now >= writer.resumes else { return .lost }
        do {
            if writer.file == nil { writer.file = try RefusalFile(path: path, limits: limits) }
            try writer.file?.write(items)
            writer.isFailing = false
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            return .busy
        } catch {
            failed(error, &writer)
            return .lost
        }
        prune(&writer, always: false)
        return .written
    }

    /// Also of a file that nobody has written to since the start.
    private func tidy(_ writer: inout Writer) {
        do {
            if writer.file == nil, JournalFile.size(path) > 0 {
                writer.file = try RefusalFile(path: path, limits: limits)
            }
        } catch {
            return failed(error, &writer)
        }
        prune(&writer, always: true)
    }

    private func prune(_ writer: inout Writer, always: Bool) {
        let now = NIODeadline.now()
        guard writer.file != nil, always || writer.pruned.map({ $0 + RefusalStore.pruning <= now }) ?? true else {
            return
        }
        writer.pruned = now
        do { try writer.file?.prune(now: .now()) } catch { failed(error, &writer) }
    }

    /// Leaves the disk alone for a while, and begins with the file anew.
    ///
    /// One that somebody else writes to is none that fails.
    private func failed(_ error: any Error, _ writer: inout Writer) {
        if (error as? DatabaseError)?.resultCode == .SQLITE_BUSY { return }
        writer.file = nil
        writer.resumes = .now() + RefusalStore.patience
        if !writer.isFailing { report(words(error)) }
        writer.isFailing = true
    }
}
