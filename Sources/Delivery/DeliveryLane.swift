internal import Journal
internal import NIOCore
internal import Webhooks

/// Everything one destination decides about its deliveries.
///
/// A value that is told what happened and when, and says what to do next; it never does anything itself. After each event
/// the caller performs what `next` returns, again and again until that is `wait` or `drained`.
///
///     entry ─▶ line ─▶ order ─▶ (expired?) ─▶ attempt ─▶ verdict ─▶ delivered, dead
///                        │ held                   ▲          │ deferred
///                        ▼                        │          ▼
///                     journal ──────── claims ─▶ retries   journal
struct DeliveryLane {
    /// What to do next.
    enum Action {
        /// Make this attempt, and tell `ended` of it.
        case attempt(LeasedAttempt)
        /// Tell the journal of an entry for which no attempt is made.
        case settle(LeasedAttempt, Settlement.Outcome)
        /// Read on in line, and tell `page` or `readFailed` of it.
        case read(after: JournalPosition, limit: Int)
        /// Claim what is due, and tell `claimed` or `claimFailed` of it.
        case claim(dueBy: Timestamp, expiry: Timestamp, limit: Int)
        /// Nothing, until something happens or this moment comes.
        case wait(until: Timestamp?)
        /// Nothing ever again: the lane was told to drain, and has.
        case drained
    }

    /// How long nothing is asked of a journal that failed.
    private static let pause: Int64 = 1000

    private let destination: Destination
    private let keepsOrder: Bool
    private var line: EntryLine
    private var order = SubjectOrder()
    private var retries: RetryLane
    private var breaker: CircuitBreaker
    private var bucket: TokenBucket?
    private var random: SplitMix64
    /// Entries whose predecessor has ended, which go before the line.
    private var promoted = CircularBuffer<LeasedAttempt>(initialCapacity: 4)
    /// The first ones of chains that have to be held.
    private var holding = CircularBuffer<LeasedAttempt>(initialCapacity: 1)
    private var isDraining = false
    private(set) var underWay = 0
    private(set) var lastSuccess: Timestamp?

    /// A lane that waits for `begin`.
    ///
    /// - Parameters:
    ///   - destination: its policies.
    ///   - bounds: of its memory.
    ///   - seed: of the jitter.
    init(_ destination: Destination, bounds: EntryLine.Bounds = EntryLine.Bounds(), seed: UInt64) {
        self.destination = destination
        keepsOrder =
            switch destination.order {
            case .subject: true
            case .none: false
            }
        line = EntryLine(bounds)
        retries = RetryLane(
            concurrency: destination.concurrency,
            timeout: destination.timeout,
            policy: destination.retry
        )
        breaker = CircuitBreaker(destination.breaker)
        bucket = destination.rate.map { TokenBucket(rate: $0) }
        random = SplitMix64(seed: seed)
    }

    // MARK: What happens

    /// The journal said how things stand.
    mutating func begin(_ standing: JournalStanding, _ now: Moment) {
        line.begin(standing)
        order.begin(standing.deferred)
        retries.due(standing.nextDue ?? (standing.deferred.isEmpty ? nil : now.steady), now.steady)
    }

    /// Entries were committed.
    mutating func committed(_ entries: [JournalEntry]) {
        line.committed(entries)
    }

    /// A page was read.
    mutating func page(_ leases: [Lease]) {
        line.page(leases)
    }

    /// A page could not be read.
    mutating func readFailed(_ now: Moment) {
        line.readFailed(retryAt: now.steady.adding(milliseconds: DeliveryLane.pause))
    }

    /// Claims were made.
    mutating func claimed(_ batch: LeaseBatch, _ now: Moment) {
        if retries.provesNoneSetAside(batch, now.steady) {
            order.forgetDeferred()
            retries.trust()
        }
        for item in retries.claimed(batch, now.steady) {
            if item.origin == .deferred { order.claimed(item) }
        }
    }

    /// Claims could not be made.
    mutating func claimFailed(_ now: Moment) {
        retries.claimFailed(retryAt: now.steady.adding(milliseconds: DeliveryLane.pause))
    }

    /// An operator changed entries that are set aside.
    mutating func deferredChanged(_ now: Moment) {
        retries.changed(now.steady)
    }

    /// No attempt may begin any more.
    mutating func drain() {
        isDraining = true
    }

    /// An attempt has come to its end.
    ///
    /// - Returns: what became of its entry; nil when nothing did, since the attempt was not made.
    mutating func ended(_ item: LeasedAttempt, _ outcome: AttemptOutcome, _ now: Moment) -> Settlement.Outcome? {
        underWay -= 1
        if item.origin != .sequence { retries.ended(item) }
        // Our own pool was closing: the entry stays where it is, for the next start.
        if isDraining, outcome == .unreachable(.shuttingDown) { return nil }
        breaker.end(failed: outcome.countsForBreaker, isProbe: item.isProbe, now: now.steady)
        switch destination.retry.verdict(on: outcome) {
        case .delivered:
            lastSuccess = now.steady
            settled(item, now)
            return .delivered
        case .dead(let reason):
            settled(item, now)
            return .dead(reason: reason)
        case .retry(let advice):
            guard now.age(of: item.event.time) < destination.retry.giveUpAfter.nanoseconds / 1_000_000 else {
                settled(item, now)
                return .dead(reason: "gave_up")
            }
            let until = destination.retry.nextTry(
                after: item.number,
                advice: advice?.moment(now),
                now: now.steady,
                jitter: random.next()
            )
            setAside(item, now)
            retries.due(until, now.steady)
            return .deferred(until: until)
        }
    }

    /// An entry has come to its end, and the next one of its subject has its turn.
    private mutating func settled(_ item: LeasedAttempt, _ now: Moment) {
        switch item.origin {
        case .sequence:
            if keepsOrder, let next = order.ended(item) { promoted.append(next) }
        case .deferred:
            if order.deferredEnded(item) { retries.due(now.steady, now.steady) }
        case .replay:
            ()
        }
    }

    private mutating func setAside(_ item: LeasedAttempt, _ now: Moment) {
        retries.setAside(now.steady)
        // Of the others the count stays: they were set aside before.
        guard item.origin == .sequence else { return }
        if let follower = order.setAside(item) { holding.append(follower) }
    }

    // MARK: What to do

    /// What to do now.
    mutating func next(_ now: Moment) -> Action {
        // First of all, and so before anything else of their subject is looked at.
        if let item = holding.popFirst() {
            if let follower = item.follower { holding.prepend(follower) }
            item.follower = nil
            order.hold(item)
            return hold(item, now)
        }
        if isDraining { return underWay == 0 ? .drained : .wait(until: nil) }
        guard !line.isStarting else { return .wait(until: nil) }
        if let (after, limit) = line.read(now.steady) { return .read(after: after, limit: limit) }
        if order.deferredCount > 0 { retries.pollIfNothingIsDue(now.steady) }
        guard underWay < destination.concurrency, breaker.permits(underWay: underWay, now: now.steady) else {
            return .wait(until: wake(now.steady))
        }
        let isProbe = breaker.isProbing
        if let (dueBy, expiry, limit) = retries.claim(freshWait: freshWait, isProbe: isProbe, now.steady) {
            return .claim(dueBy: dueBy, expiry: expiry, limit: limit)
        }
        // What failed before is the better probe: no fresh entry has to be set aside for it.
        if isProbe, retries.isAsking { return .wait(until: wake(now.steady)) }
        if freshWait || !retries.isEmpty, let free = bucket?.next(now.steady), free > now.steady {
            return .wait(until: [free, wake(now.steady)].compactMap { $0 }.min())
        }
        if let item = retries.popFirst(freshWait: freshWait, isProbe: isProbe) { return start(retry: item, now) }
        if let item = promoted.popFirst() { return start(fresh: item, now) }
        while let item = line.popFirst() {
            guard keepsOrder else { return start(fresh: item, now) }
            switch order.admit(item) {
            case .start: return start(fresh: item, now)
            case .wait: continue
            case .hold: return hold(item, now)
            }
        }
        if let item = retries.popFirst(freshWait: false, isProbe: isProbe) { return start(retry: item, now) }
        return .wait(until: wake(now.steady))
    }

    private var freshWait: Bool { !promoted.isEmpty || !line.isEmpty }

    private mutating func hold(_ item: LeasedAttempt, _ now: Moment) -> Action {
        line.left(item)
        retries.setAside(now.steady)
        return .settle(item, .held)
    }

    private mutating func start(fresh item: LeasedAttempt, _ now: Moment) -> Action {
        line.left(item)
        if isExpired(item, now) {
            settled(item, now)
            return .settle(item, .expired)
        }
        retries.startedFresh()
        return start(item, now)
    }

    private mutating func start(retry item: LeasedAttempt, _ now: Moment) -> Action {
        if isExpired(item, now) {
            retries.dropped(item)
            settled(item, now)
            return .settle(item, .expired)
        }
        retries.started()
        return start(item, now)
    }

    private mutating func start(_ item: LeasedAttempt, _ now: Moment) -> Action {
        underWay += 1
        bucket?.take()
        item.begin = now.steady
        item.time = now.wall
        item.isProbe = breaker.begin()
        return .attempt(item)
    }

    /// Whether an entry is worthless by now; one that an operator asked for never is.
    private func isExpired(_ item: LeasedAttempt, _ now: Moment) -> Bool {
        guard !destination.expiry.isEmpty, item.origin != .replay,
            let limit = destination.expiry[item.event.draft.type.name]
        else { return false }
        return now.age(of: item.event.time) > limit.nanoseconds / 1_000_000
    }

    /// When to look again should nothing happen before.
    private func wake(_ now: Timestamp) -> Timestamp? {
        var wake: Timestamp?
        func consider(_ time: Timestamp?) {
            // What was due before waits for something else, which will happen.
            guard let time, time > now else { return }
            wake = wake.map { min($0, time) } ?? time
        }
        consider(line.pausedUntil)
        switch breaker.condition {
        case .closed, .halfOpen: consider(retries.nextLook)
        case .open(let until): if freshWait || !retries.isEmpty || retries.nextLook != nil { consider(until) }
        }
        return wake
    }

    // MARK: What an operator sees

    /// How things stand.
    var status: DispatcherStatus {
        DispatcherStatus(
            destination: destination.name,
            isLive: line.isLive,
            waiting: line.count,
            waitingBytes: line.bytes,
            underWay: underWay,
            deferredSubjects: order.deferredCount,
            breaker: breaker.condition,
            lastSuccess: lastSuccess
        )
    }

    /// For the log, which tells of its changes.
    var breakerCondition: BreakerCondition { breaker.condition }
}
