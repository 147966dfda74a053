import NIOCore
import Synchronization
import Webhooks

/// What callers want of the writer, until it takes it.
///
/// One lock, held for a few instructions; the writer's thread is woken only when it sleeps and there is enough to do.
final class Inbox: Sendable {
    /// Events that wait for a commit.
    struct Append: Sendable {
        let entries: [NewEntry]
        let promise: EventLoopPromise<Void>
    }

    /// All that waits.
    struct Work {
        var appends: [Append] = []
        var settlements: [Settlement] = []
        var commands: [JournalCommand] = []

        mutating func removeAll() {
            appends.removeAll(keepingCapacity: appends.capacity <= 4096)
            settlements.removeAll(keepingCapacity: settlements.capacity <= 4096)
            commands.removeAll(keepingCapacity: true)
        }
    }

    /// For what the writer sleeps.
    enum Threshold {
        case anything
        case appendOrCommand
        case appends(Int)
    }

    /// How much waits.
    struct Counts {
        let appends: Int
        let settlements: Int
        let commands: Int
    }

    private struct State {
        var work = Work()
        var bytes = 0
        var condition = JournalCondition.writable
        var threshold: Threshold?
        /// Who wants to hear when the writer comes by.
        var callers: [@Sendable () -> Void] = []
        /// Whether the writer makes a file good, which takes as long as it takes.
        var isRepairing = false

        var counts: Counts {
            Counts(
                appends: work.appends.count,
                settlements: work.settlements.count,
                commands: work.commands.count
            )
        }

        func meets(_ threshold: Threshold) -> Bool {
            switch threshold {
            case .anything: !work.settlements.isEmpty || meets(.appendOrCommand)
            case .appendOrCommand: !work.appends.isEmpty || !work.commands.isEmpty || !callers.isEmpty
            case .appends(let count): work.appends.count >= count
            }
        }

        /// Whether the writer has to be woken.
        mutating func wakes() -> Bool {
            guard let threshold, meets(threshold) else { return false }
            self.threshold = nil
            return true
        }
    }

    private let state = Mutex(State())
    private let signal = WakeSignal()
    private let limits: JournalLimits

    init(limits: JournalLimits) {
        self.limits = limits
    }

    var condition: JournalCondition {
        state.withLock { $0.condition }
    }

    // MARK: Callers

    /// Takes in events, or fails the promise at once.
    func append(_ entries: [NewEntry], promise: EventLoopPromise<Void>) {
        // What the row will take, near enough.
        let bytes = entries.reduce(0) { $0 + $1.event.draft.data.readableBytes + 256 }
        let (wakes, refusal): (Bool, JournalError?) = state.withLock { state in
            if let error = state.condition.refusal { return (false, error) }
            if state.work.appends.count >= limits.waitingAppends || state.bytes + bytes > limits.waitingBytes {
                return (false, .overloaded)
            }
            state.bytes += bytes
            state.work.appends.append(Append(entries: entries, promise: promise))
            return (state.wakes(), nil)
        }
        if let refusal { promise.fail(refusal) }
        if wakes { signal.post() }
    }

    func settle(_ settlements: [Settlement]) {
        let wakes = state.withLock { state in
            state.work.settlements.append(contentsOf: settlements)
            return state.wakes()
        }
        if wakes { signal.post() }
    }

    /// Tells a caller when the writer comes by, whatever becomes of its work; at once while it repairs the file.
    func call(_ answer: @escaping @Sendable () -> Void) {
        let (wakes, isRepairing) = state.withLock { state in
            if state.isRepairing { return (false, true) }
            state.callers.append(answer)
            return (state.wakes(), false)
        }
        if isRepairing { answer() }
        if wakes { signal.post() }
    }

    /// Takes in a command, or fails it at once.
    func send(_ command: JournalCommand) {
        let (wakes, refusal): (Bool, JournalError?) = state.withLock { state in
            if case .close = command {
                state.condition = .closed
            } else if state.condition != .full, let error = state.condition.refusal {
                return (false, error)
            }
            state.work.commands.append(command)
            return (state.wakes(), nil)
        }
        if let refusal { command.fail(refusal) }
        if wakes { signal.post() }
    }

    // MARK: The writer

    /// Sets what callers are told; what is closed stays closed.
    func set(_ condition: JournalCondition) {
        state.withLock { state in
            if state.condition != .closed { state.condition = condition }
        }
    }

    /// Does what keeps the writer from coming by, and answers those who call meanwhile, or have called, at once.
    func whileRepairing<Value>(_ body: () throws -> Value) rethrows -> Value {
        let callers = state.withLock { state in
            state.isRepairing = true
            defer { state.callers.removeAll() }
            return state.callers
        }
        for answer in callers { answer() }
        defer { state.withLock { $0.isRepairing = false } }
        return try body()
    }

    /// How much waits now.
    var counts: Counts {
        state.withLock { $0.counts }
    }

    /// Blocks until enough waits, or the deadline.
    ///
    /// - Returns: how much waits.
    func wait(for threshold: Threshold, until deadline: NIODeadline) -> Counts {
        while true {
            let counts: Counts? = state.withLock { state in
                if state.meets(threshold) { return state.counts }
                state.threshold = threshold
                return nil
            }
            if let counts { return counts }
            if signal.wait(until: deadline) { continue }
            // A signal given right now stays for the next time, which then looks once more than it needs to.
            return state.withLock { state in
                state.threshold = nil
                return state.counts
            }
        }
    }

    /// Exchanges what waits for an empty one, and answers those who called.
    func take(_ work: inout Work) {
        let callers = state.withLock { state in
            swap(&state.work, &work)
            state.bytes = 0
            defer { state.callers.removeAll() }
            return state.callers
        }
        for answer in callers { answer() }
    }
}

extension JournalCondition {
    /// What an append is refused with.
    var refusal: JournalError? {
        switch self {
        case .writable: nil
        case .unavailable(let reason): .unavailable(reason)
        case .full: .full
        case .closed: .closed
        }
    }
}
