internal import NIOCore
internal import Webhooks

/// The connections to one destination on one event loop, and the attempts that wait for one.
///
/// Idle connections are reused last in, first out, so that those which are not needed grow old and close. Attempts wait
/// in order; connections are made for them up to the destination's share of concurrency, and each serves whoever is
/// first when it is ready. One timer serves every deadline: it is set to the earliest, and what it finds is compared
/// with the stored deadlines. It is not touched when a request is sent, unless that has the earliest deadline.
final class UpstreamPool {
    /// Makes a connection with the handlers of `UpstreamConnection.install`, on this event loop.
    typealias Connect = () -> EventLoopFuture<any Channel>

    private let eventLoop: any EventLoop
    private let concurrency: Int
    private let limits: DeliveryLimits
    private let connect: Connect
    private var writer: RequestWriter

    /// All that are established, idle or busy.
    private var connections: [UpstreamConnection] = []
    /// Those that are idle, the longest-idle first.
    private var idle: [UpstreamConnection] = []
    /// How many are on the way.
    private var connecting = 0
    private var isMakingConnections = false
    /// Attempts without a connection, in order of their deadlines.
    private var waiting = CircularBuffer<Attempt>()
    /// Attempts that may only go on a new connection.
    ///
    /// They go first.
    private var retries = CircularBuffer<Attempt>()
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    /// Set once the pool drains.
    private var drained: EventLoopPromise<Void>?

    init(
        _ destination: Destination,
        concurrency: Int,
        limits: DeliveryLimits,
        eventLoop: any EventLoop,
        connect: @escaping Connect
    ) {
        self.eventLoop = eventLoop
        self.concurrency = concurrency
        self.limits = limits
        self.connect = connect
        writer = RequestWriter(destination)
    }

    // MARK: Attempts

    /// Takes an attempt on, and ends it within its deadline.
    func submit(_ attempt: Attempt) {
        guard drained == nil else { return attempt.finish(.unreachable(.shuttingDown)) }
        if let connection = idle.popLast() {
            setTimer(to: attempt.deadline)
            connection.send(attempt, as: writer.render(attempt.event, at: attempt.time, trace: attempt.traceParent))
            return
        }
        guard waiting.count < limits.maxWaiting else { return attempt.finish(.overloaded) }
        waiting.append(attempt)
        setTimer(to: attempt.deadline)
        makeConnections()
    }

    /// Takes an attempt back whose connection turned out to be stale, for a new connection.
    func retry(_ attempt: Attempt) {
        attempt.isRetry = true
        retries.append(attempt)
        makeConnections()
    }

    /// Makes as many connections as attempts wait for, and concurrency allows.
    private func makeConnections() {
        // An attempt to connect that fails at once gets back here; a loop then, not a recursion per waiting attempt.
        guard !isMakingConnections else { return }
        isMakingConnections = true
        defer { isMakingConnections = false }
        while connecting < waiting.count + retries.count, connections.count + connecting < concurrency {
            connecting += 1
            connect().assumeIsolated().whenComplete { result in
                self.connecting -= 1
                switch result {
                case .success(let channel): self.adopt(channel)
                case .failure(let error): self.connectionFailed(ConnectFailure(error))
                }
            }
        }
    }

    private func adopt(_ channel: any Channel) {
        guard
            let connection = try? channel.pipeline.syncOperations.handler(type: UpstreamConnection.self),
            channel.isActive, connection.isOpen
        else { return connectionFailed(.closed) }
        connections.append(connection)
        connection.join(self)
        if let attempt = retries.popFirst() {
            connection.send(attempt, as: writer.render(attempt.event, at: attempt.time, trace: attempt.traceParent))
        } else {
            release(connection)
        }
    }

    /// Each connection that fails answers for one attempt: the others may have more luck, and have their deadlines.
    private func connectionFailed(_ failure: ConnectFailure) {
        let attempt = retries.popFirst() ?? waiting.popFirst()
        attempt?.finish(.unreachable(failure))
        makeConnections()
        finishDraining()
    }

    // MARK: Connections

    /// Takes a connection back whose attempt is over, for the next one.
    func release(_ connection: UpstreamConnection) {
        if let attempt = waiting.popFirst() {
            connection.send(attempt, as: writer.render(attempt.event, at: attempt.time, trace: attempt.traceParent))
        } else if drained != nil {
            connection.close()
        } else {
            connection.idleSince = eventLoop.now
            idle.append(connection)
            setTimer(to: connection.idleSince + limits.idleTimeout)
        }
    }

    /// Forgets a connection that ended, which makes room for another.
    func remove(_ connection: UpstreamConnection) {
        idle.removeAll { $0 === connection }
        connections.removeAll { $0 === connection }
        makeConnections()
        finishDraining()
    }

    // MARK: Time

    /// Sees to it that the timer fires at `deadline` or before.
    private func setTimer(to deadline: NIODeadline) {
        if let timer {
            guard deadline < timer.deadline else { return }
            timer.task.cancel()
        }
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.expire(at: self.eventLoop.now)
        }
        timer = (deadline, task)
    }

    private func expire(at now: NIODeadline) {
        var late: [(Attempt, AttemptOutcome.Phase)] = []
        while let first = waiting.first, first.deadline <= now {
            waiting.removeFirst()
            late.append((first, connections.isEmpty ? .connecting : .waiting))
        }
        for attempt in retries where attempt.deadline <= now { late.append((attempt, .connecting)) }
        retries.removeAll { $0.deadline <= now }
        // A copy, since connections leave while they are looked at.
        for connection in connections { connection.expire(at: now) }
        while let oldest = idle.first, oldest.idleSince + limits.idleTimeout <= now { oldest.close() }

        var next = waiting.first?.deadline
        func consider(_ deadline: NIODeadline?) {
            guard let deadline else { return }
            next = next.map { min($0, deadline) } ?? deadline
        }
        for attempt in retries { consider(attempt.deadline) }
        for connection in connections { consider(connection.deadline) }
        consider(idle.first.map { $0.idleSince + limits.idleTimeout })
        if let next { setTimer(to: next) }

        for (attempt, phase) in late { attempt.finish(.timedOut(phase: phase)) }
        finishDraining()
    }

    // MARK: Draining

    /// Closes what is idle and lets the rest end.
    ///
    /// Completes when nothing is left; never fails.
    func drain() -> EventLoopFuture<Void> {
        if let drained { return drained.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        while let connection = idle.last { connection.close() }
        finishDraining()
        return promise.futureResult
    }

    private func finishDraining() {
        guard let drained, connections.isEmpty, connecting == 0, waiting.isEmpty, retries.isEmpty else { return }
        timer?.task.cancel()
        timer = nil
        drained.succeed()
    }
}

@available(*, unavailable)
extension UpstreamPool: Sendable {}
