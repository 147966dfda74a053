import Admin
import Edge
import Journal
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The gateway while it serves: waits for the signal, then lets everything that was begun come to its end.
final class Serving: Service, CustomStringConvertible {
    let description = "gateway"
    private let listeners: [Listener]
    private let loops: GatewayLoops
    private let journal: GatewayJournal?
    private let group: MultiThreadedEventLoopGroup
    private let bound: TimeAmount
    private let manager: ServiceManager
    private let logger: Logger
    private let isDraining = Atomic(false)

    init(
        listeners: [Listener],
        loops: GatewayLoops,
        journal: GatewayJournal?,
        group: MultiThreadedEventLoopGroup,
        bound: TimeAmount,
        manager: ServiceManager,
        logger: Logger
    ) {
        self.listeners = listeners
        self.loops = loops
        self.journal = journal
        self.group = group
        self.bound = bound
        self.manager = manager
        self.logger = logger
    }

    /// Whether requests should be sent here, and if not, why.
    var health: HealthReport {
        var checks: [HealthReport.Check] = []
        if let journal { checks.append(.init(name: "journal", problem: journal.journal.condition.problem)) }
        let drains = isDraining.load(ordering: .relaxed)
        checks.append(.init(name: "drain", problem: drains ? "the gateway is stopping" : nil))
        return HealthReport(checks: checks)
    }

    func run() async throws {
        try? await gracefulShutdown()
        isDraining.store(true, ordering: .relaxed)
        manager.stopping(within: bound, "finishing what has begun")
        let drained = drain(on: group.next())
        // Said when it is true for everybody: nobody can connect any more.
        try? await EventLoopFuture.andAllComplete(listeners.map(\.closed), on: group.next()).get()
        logger.notice("draining", metadata: ["at_most_ms": "\(bound.nanoseconds / 1_000_000)"])
        let finished = try await drained.get()
        if !finished { logger.warning("requests are still open: the bound was reached") }
    }

    /// Completes with true when everything has come to its end, and with false at the bound.
    private func drain(on loop: any EventLoop) -> EventLoopFuture<Bool> {
        let listeners = EventLoopFuture.andAllComplete(listeners.map { $0.quiesce() }, on: loop)
        let deliveries = journal?.drain(within: bound, on: loop) ?? loop.makeSucceededVoidFuture()
        return loop.flatSubmit { [bound, loops] in
            let promise = loop.makePromise(of: Bool.self)
            let pending = NIOLoopBoundBox<EventLoopPromise<Bool>?>(promise, eventLoop: loop)
            let requests = listeners.flatMap {
                // Behind the bound the loops are going, and take no more work.
                pending.value == nil ? loop.makeSucceededVoidFuture() : loops.drain(on: loop)
            }
            let everything = requests.and(deliveries)
            @Sendable func end(_ isDrained: Bool) {
                let promise = pending.value
                pending.value = nil
                promise?.succeed(isDrained)
            }
            let timer = loop.scheduleTask(in: bound) { end(false) }
            everything.whenComplete { _ in
                timer.cancel()
                end(true)
            }
            return promise.futureResult
        }
    }
}

extension HealthReport {
    /// Whether it can do its work, in words for a status line.
    var words: String {
        let problems = checks.compactMap { check in check.problem.map { "\(check.name): \($0)" } }
        return problems.isEmpty ? "ready" : "not ready: " + problems.joined(separator: "; ")
    }
}

extension JournalCondition {
    /// What stands in the way of new events, in words; nil when nothing does.
    fileprivate var problem: String? {
        switch self {
        case .writable: nil
        case .unavailable(let reason): "cannot be written: \(reason)\(JournalCondition.remedy(reason))"
        case .full:
            "has reached its largest size; see to the destinations that take nothing "
                + "(`hookgate events list --state pending`), or raise `journal.max_size`"
        case .closed: "is closed"
        }
    }
}
