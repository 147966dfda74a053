import Journal
import Logging
import NIOCore
import NIOPosix
import OpenSSL
import Sipgate
import Synchronization
import Webhooks

/// What the routes know of calls: taken from the journal at the start, and kept going by a clock.
final class CallKeeping: Sendable {
    /// How far a start looks back: calls are open for hours, and of more legs than these tell the trackers know nothing.
    private static let events = 24_000
    /// The same where repetitions have to be known again.
    private static let eventsOfWindow = 60_000
    private static let age: Int64 = 24 * 3_600_000
    /// How often calls that nothing happens to are looked at.
    private static let beat = TimeAmount.milliseconds(500)

    private let known: Mutex<[SipgateRoute]>
    /// Events that a crash swallowed, or that became due while nobody ran.
    private let missing: [(route: Int, event: DerivedEvent)]

    /// What is known, by the number of the route.
    var routes: [SipgateRoute] { known.withLock { $0 } }

    /// Builds what the routes know.
    ///
    /// - Parameters:
    ///   - configuration: The configuration.
    ///   - pool: Where the journal is read, which blocks.
    ///   - logger: Hears of a journal that cannot be read; calls then begin anew.
    /// - Returns: What is known.
    static func recover(
        _ configuration: GatewayConfiguration,
        on pool: NIOThreadPool,
        logger: Logger
    ) async -> CallKeeping {
        let began = NIODeadline.now()
        do {
            let (keeping, count) = try await pool.runIfActive { try read(configuration) }
            let time = (NIODeadline.now() - began).nanoseconds / 1_000_000
            if count > 0 { logger.info("calls recovered", metadata: ["events": "\(count)", "duration_ms": "\(time)"]) }
            return keeping
        } catch {
            logger.error("calls under way are not known: the journal cannot be read", metadata: ["error": "\(error)"])
            return CallKeeping(configuration, recoveries(configuration), at: .now())
        }
    }

    private static func read(_ configuration: GatewayConfiguration) throws -> (CallKeeping, Int) {
        var recoveries = recoveries(configuration)
        var count = 0
        let now = Timestamp.now()
        if let journal = configuration.journal {
            let places = Dictionary(configuration.routes.enumerated().map { ($1.path, $0) }) { first, _ in first }
            let since = Timestamp(milliseconds: now.milliseconds - age)
            let knowsRepetitions = configuration.routes.contains { $0.calls.replayWindow != nil }
            let last = knowsRepetitions ? eventsOfWindow : events
            try JournalReader(path: journal.path).replay(last: last, since: since) { event, route in
                guard let place = places[route] else { return }
                recoveries[place].replay(event)
                count += 1
            }
        }
        return (CallKeeping(configuration, recoveries, at: now), count)
    }

    private static func recoveries(_ configuration: GatewayConfiguration) -> [SipgateRecovery] {
        configuration.routes.map(recovery)
    }

    private static func recovery(_ route: RouteConfiguration) -> SipgateRecovery {
        let window = route.calls.replayWindow.map { window in
            ReplayWindow(capacity: 100_000, milliseconds: window.nanoseconds / 1_000_000)
        }
        return SipgateRecovery(SharedCallTracker(derives: route.calls.derives), window: window)
    }

    private init(_ configuration: GatewayConfiguration, _ recoveries: [SipgateRecovery], at now: Timestamp) {
        var routes: [SipgateRoute] = []
        var missing: [(route: Int, event: DerivedEvent)] = []
        for (index, (route, recovery)) in zip(configuration.routes, recoveries).enumerated() {
            let (calls, replays, lost) = recovery.finish(at: now)
            calls.countFates(since: now)
            routes.append(SipgateRoute(route.calls, calls: route.calls.tracks ? calls : nil, replays: replays))
            missing += lost.map { (index, $0) }
        }
        known = Mutex(routes)
        self.missing = missing
    }

    /// How legs ended since the start, by route; nil where calls are not tracked.
    var fates: [LegFates?] { routes.map { $0.calls?.fates } }

    /// What the routes of another configuration know and want: of calls, what those know that were here before.
    ///
    /// - Parameter numbers: The routes, of which some may be new.
    /// - Returns: one for each number, which `replace` puts in force.
    func routes(for numbers: RouteNumbers) -> [SipgateRoute] {
        let before = routes
        return numbers.routes.enumerated().map { number, route in
            if number < before.count {
                return SipgateRoute(route.calls, calls: before[number].calls, replays: before[number].replays)
            }
            let (calls, replays, _) = CallKeeping.recovery(route).finish(at: .now())
            calls.countFates(since: .now())
            return SipgateRoute(route.calls, calls: route.calls.tracks ? calls : nil, replays: replays)
        }
    }

    /// Keeps these going from now on.
    func replace(by routes: [SipgateRoute]) {
        known.withLock { $0 = routes }
    }

    /// Lets time pass for all calls, until the gateway ends.
    ///
    /// - Parameters:
    ///   - loop: The event loop this is called on.
    ///   - keep: Takes the events that follow from time alone, with the place of their route.
    /// - Returns: what to cancel at the end.
    func start(
        on loop: any EventLoop,
        keep: @escaping @Sendable (_ events: [EventDraft], _ time: Timestamp, _ route: Int) -> EventLoopFuture<Void>
    ) -> RepeatedTask {
        let clock = CallClock(self, missing, keep: keep)
        let bound = NIOLoopBound(clock, eventLoop: loop)
        return loop.scheduleRepeatedTask(initialDelay: .zero, delay: CallKeeping.beat) { _ in bound.value.beat() }
    }
}

extension CallsConfiguration {
    /// The provider's route, as far as the configuration says what it is.
    func route(knowing calls: SharedCallTracker) -> SipgateRoute {
        SipgateRoute(self, calls: tracks ? calls : nil, replays: nil)
    }
}

/// Tells the calls what time it is, and keeps what follows.
private final class CallClock {
    /// Events that could not be kept; more is only lost in the journal's longer illness, and the log says so.
    private static let capacity = 10_000

    private let keeping: CallKeeping
    private let keep: @Sendable ([EventDraft], Timestamp, Int) -> EventLoopFuture<Void>
    /// What is to be kept, by route.
    private var waiting: [[DerivedEvent]]
    private var isKeeping = false

    init(
        _ keeping: CallKeeping,
        _ missing: [(route: Int, event: DerivedEvent)],
        keep: @escaping @Sendable ([EventDraft], Timestamp, Int) -> EventLoopFuture<Void>
    ) {
        self.keeping = keeping
        self.keep = keep
        waiting = keeping.routes.map { _ in [] }
        for (route, event) in missing { waiting[route].append(event) }
    }

    func beat() {
        let now = Timestamp.now()
        for (index, route) in keeping.routes.enumerated() {
            if index == waiting.count { waiting.append([]) }
            waiting[index] += route.calls?.advance(to: now).derived ?? []
            if waiting[index].count > CallClock.capacity {
                waiting[index].removeFirst(waiting[index].count - CallClock.capacity)
            }
        }
        // One at a time, so that they stay in order and a sick journal is not asked more often.
        if !isKeeping, let route = waiting.firstIndex(where: { !$0.isEmpty }) { settle(route, now) }
    }

    private func settle(_ route: Int, _ now: Timestamp) {
        let batch = Array(waiting[route].prefix(256))
        isKeeping = true
        keep(batch.map(\.draft), now, route).assumeIsolated().whenComplete { result in
            self.isKeeping = false
            guard case .success = result else { return }
            self.waiting[route].removeFirst(min(batch.count, self.waiting[route].count))
            if let next = self.waiting.firstIndex(where: { !$0.isEmpty }) { self.settle(next, now) }
        }
    }
}

@available(*, unavailable)
extension CallClock: Sendable {}

extension SipgateRoute {
    /// What a configuration wants, with what is known.
    fileprivate init(_ wanted: CallsConfiguration, calls: SharedCallTracker?, replays: SharedReplayWindow?) {
        self.init(calls: calls, rules: RuleBook(wanted.rules))
        self.replays = replays
        gatherLimit = wanted.gatherLimit
        account = wanted.account
        signature = SignatureCheck(mode: wanted.signatureMode, keys: wanted.signatureKeys)
        inquiry = wanted.decide.map { decide in
            var inquiry = SipgateRoute.Inquiry(destination: decide.destination)
            inquiry.asksOnCalls = decide.asksOnCalls
            inquiry.asksOnDigits = decide.asksOnDigits
            inquiry.fallback = decide.fallback
            return inquiry
        }
    }
}
