package import Journal
package import Logging
package import NIOCore
internal import Webhooks

/// Delivers the journal's entries for one destination, on one event loop.
///
/// The shell around a `DeliveryLane`: it carries news from the journal in, performs what the lane wants, and keeps one
/// timer. Since there is one for each destination, its concurrency, rate, order and breaker are exactly as configured.
package final class Dispatcher {
    private let destination: Destination
    private let place: Int
    private let journal: any EventJournal
    private let eventLoop: any EventLoop
    private let clock: SteadyClock
    private let log: DispatcherLog
    private let transport: any AttemptTransport
    private let trace: AttemptTrace?

    private var lane: DeliveryLane
    private var isPumping = false
    private var timer: (time: Timestamp, task: Scheduled<Void>)?
    /// Settlements of this turn of the loop, which reach the journal together.
    private var settlements: [Settlement] = []
    private var breaker = BreakerCondition.closed
    private var hasJournalFailed = false
    private var counts = (delivered: 0, failed: 0, dead: 0, expired: 0)
    private var attempts = AttemptCounts()
    /// Set while draining.
    private var drained: EventLoopPromise<Void>?
    /// Nothing is heard or done any more.
    private var isOver = false

    /// A dispatcher that has not begun.
    ///
    /// - Parameters:
    ///   - destination: where to deliver.
    ///   - place: the destination's place in the list the journal was opened with.
    ///   - journal: where entries come from.
    ///   - eventLoop: where all of this happens.
    ///   - clock: the same for all dispatchers, also of later configurations.
    ///   - logger: for a line per attempt.
    ///   - trace: follows attempts; nil: nobody does.
    package convenience init(
        _ destination: Destination,
        place: Int,
        journal: any EventJournal,
        eventLoop: any EventLoop,
        clock: SteadyClock,
        logger: Logger,
        trace: AttemptTrace? = nil
    ) {
        var limits = DeliveryLimits()
        // The lane hands over as many as there may be connections, so none is ever refused.
        limits.maxWaiting = max(limits.maxWaiting, destination.concurrency)
        let pool = UpstreamPool(
            destination,
            concurrency: destination.concurrency,
            limits: limits,
            eventLoop: eventLoop,
            connect: SocketConnector.make(destination, eventLoop: eventLoop, limits: limits)
        )
        self.init(
            destination,
            place: place,
            journal: journal,
            eventLoop: eventLoop,
            clock: clock,
            logger: logger,
            transport: pool,
            lane: DeliveryLane(destination, seed: .random(in: 0 ... .max)),
            trace: trace
        )
    }

    /// A dispatcher whose attempts are made by something else.
    init(
        _ destination: Destination,
        place: Int,
        journal: any EventJournal,
        eventLoop: any EventLoop,
        clock: SteadyClock,
        logger: Logger,
        transport: any AttemptTransport,
        lane: DeliveryLane,
        trace: AttemptTrace? = nil
    ) {
        self.destination = destination
        self.place = place
        self.journal = journal
        self.eventLoop = eventLoop
        self.clock = clock
        log = DispatcherLog(logger: logger, destination: destination.name)
        self.transport = transport
        self.lane = lane
        self.trace = trace
    }

    /// Begins to deliver; called once, on the loop.
    ///
    /// - Returns: completes when the journal has said how things stand.
    package func start() -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let standing = journal.attach(place, on: eventLoop) { news in bound.value.receive(news) }
        return standing.assumeIsolated().map { standing in
            self.pump { lane, now in lane.begin(standing, now) }
        }.nonisolated()
    }

    /// Stops beginning attempts, and waits for those under way.
    ///
    /// What is not settled then stays in the journal for the next start.
    ///
    /// - Parameter bound: how long to wait at most.
    /// - Returns: completes when the last outcome has reached the journal, or at the bound. Never fails.
    package func drain(within bound: TimeAmount) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        if let drained { return drained.futureResult }
        let promise = eventLoop.makePromise(of: Void.self)
        drained = promise
        let deadline = eventLoop.assumeIsolated().scheduleTask(in: bound) { self.end() }
        promise.futureResult.assumeIsolated().whenComplete { _ in deadline.cancel() }
        pump { lane, _ in lane.drain() }
        return promise.futureResult
    }

    /// How things stand.
    package var status: DispatcherStatus {
        eventLoop.assertInEventLoop()
        var status = lane.status
        status.delivered = counts.delivered
        status.failed = counts.failed
        status.dead = counts.dead
        status.expired = counts.expired
        status.attempts = attempts
        return status
    }

    // MARK: What happens

    private func receive(_ news: JournalNews) {
        pump { lane, now in
            switch news {
            case .committed(let entries): lane.committed(entries)
            case .deferredChanged: lane.deferredChanged(now)
            }
        }
    }

    /// An attempt has come to its end.
    func ended(_ item: LeasedAttempt, _ outcome: AttemptOutcome) {
        pump { lane, now in
            guard let result = lane.ended(item, outcome, now) else { return }
            let attempt = outcome.record(of: item, now: now.steady)
            self.attempts.note(outcome, nanoseconds: attempt.latency * 1_000_000)
            self.settle(item, result, attempt)
            self.log.attempted(item, outcome, result)
            guard let trace = self.trace, let traceParent = item.traceParent else { return }
            let ended = AttemptTrace.Ended(
                event: item.event,
                destination: self.destination.name,
                number: item.number,
                milliseconds: attempt.latency,
                outcome: outcome
            )
            trace.end(traceParent, ended)
        }
    }

    /// Lets something happen to the lane, and does what follows from it.
    private func pump(_ event: (inout DeliveryLane, Moment) -> Void) {
        guard !isOver else { return }
        let deadline = eventLoop.now
        let now = clock.moment(at: deadline)
        event(&lane, now)
        // An attempt can end while it is begun; the loop below sees to what follows.
        guard !isPumping else { return }
        isPumping = true
        while perform(lane.next(now), now, deadline) {}
        isPumping = false
        noteBreaker()
    }

    /// Does what the lane wants.
    ///
    /// - Returns: false when it is to be left alone until something happens.
    private func perform(_ action: DeliveryLane.Action, _ now: Moment, _ deadline: NIODeadline) -> Bool {
        switch action {
        case .attempt(let item):
            item.deadline = deadline + destination.timeout
            item.dispatcher = self
            item.traceParent = trace?.begin(item.event)
            transport.submit(item)
            return true
        case .settle(let item, let outcome):
            settle(item, outcome, nil)
            if outcome == .expired { log.expired(item) }
            return true
        case .read(let position, let limit):
            read(after: position, limit: limit)
            return true
        case .claim(let dueBy, let expiry, let limit):
            claim(dueBy: dueBy, expiry: expiry, limit: limit)
            return true
        case .wait(let time):
            if let time { setTimer(to: time) }
            return false
        case .drained:
            end()
            return false
        }
    }

    private func read(after position: JournalPosition, limit: Int) {
        journal.read(place, after: position, limit: limit, on: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let leases):
                self.noteJournal(nil)
                self.pump { lane, _ in lane.page(leases) }
            case .failure(let error):
                self.noteJournal(error)
                self.pump { lane, now in lane.readFailed(now) }
            }
        }
    }

    private func claim(dueBy: Timestamp, expiry: Timestamp, limit: Int) {
        // An entry that has just ended may be what others wait for: the journal has to know before it is asked.
        flush()
        journal.lease(place, dueBy: dueBy, expiry: expiry, limit: limit, on: eventLoop).assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let batch):
                    self.noteJournal(nil)
                    self.pump { lane, now in lane.claimed(batch, now) }
                case .failure(let error):
                    self.noteJournal(error)
                    self.pump { lane, now in lane.claimFailed(now) }
                }
            }
    }

    /// Says once that the journal fails; it is asked every second.
    private func noteJournal(_ error: (any Error)?) {
        if let error, !hasJournalFailed, drained == nil { log.journalFailed(error) }
        hasJournalFailed = error != nil
    }

    // MARK: Time

    /// Sees to it that the lane is asked again at `time` or before.
    private func setTimer(to time: Timestamp) {
        if let timer {
            guard time < timer.time else { return }
            timer.task.cancel()
        }
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: clock.deadline(at: time)) {
            self.timer = nil
            self.pump { _, _ in }
        }
        timer = (time, task)
    }

    // MARK: Outcomes

    private func settle(_ item: LeasedAttempt, _ outcome: Settlement.Outcome, _ attempt: AttemptRecord?) {
        switch outcome {
        case .delivered: counts.delivered += 1
        case .deferred: counts.failed += 1
        case .dead:
            counts.failed += 1
            counts.dead += 1
        case .expired: counts.expired += 1
        case .held: ()
        }
        // The journal takes a lock: it is told once for all that happens in this turn of the loop.
        if settlements.isEmpty { eventLoop.assumeIsolated().execute { self.flush() } }
        settlements.append(
            Settlement(
                position: item.position,
                subject: item.subject,
                destination: place,
                origin: item.origin,
                outcome: outcome,
                attempt: attempt
            )
        )
    }

    private func flush() {
        guard !settlements.isEmpty else { return }
        journal.settle(settlements)
        settlements = []
    }

    private func noteBreaker() {
        let condition = lane.breakerCondition
        guard condition != breaker else { return }
        breaker = condition
        log.breakerChanged(condition)
    }

    /// Ends everything, at the end of draining.
    private func end() {
        guard !isOver else { return }
        isOver = true
        timer?.task.cancel()
        timer = nil
        flush()
        // Connections that still carry an attempt close after it; nobody waits for them.
        _ = transport.drain()
        drained?.succeed()
    }
}

@available(*, unavailable)
extension Dispatcher: Sendable {}
