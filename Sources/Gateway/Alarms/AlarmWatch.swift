import Delivery
import Journal
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Sipgate
import Synchronization
import Webhooks

/// Looks at what was counted every few seconds, and tells of alarms that are raised and cleared: in the log, as metrics,
/// and as events to the destinations that are named for them.
final class AlarmWatch: Service, CustomStringConvertible {
    private static let interval = Duration.seconds(2)
    /// Under which the journal has the events of alarms: no path of a route.
    static let route = "alarms"
    /// Changes that wait for a journal that cannot be written.
    private static let mostWaiting = 256

    let description = "alarm watch"
    private let configuration: GatewayConfiguration
    private let live: LiveConfiguration
    private let calls: CallKeeping
    private let loops: GatewayLoops
    private let journal: GatewayJournal?
    private let pool: NIOThreadPool
    private let logger: Logger
    private let center: Mutex<AlarmCenter>
    /// Whether new routes wait for the journal to be read, which was logged.
    private let isBehind = Mutex(false)

    init(
        _ configuration: GatewayConfiguration,
        live: LiveConfiguration,
        calls: CallKeeping,
        loops: GatewayLoops,
        journal: GatewayJournal?,
        pool: NIOThreadPool,
        logger: Logger
    ) {
        self.configuration = configuration
        self.live = live
        self.calls = calls
        self.loops = loops
        self.journal = journal
        self.pool = pool
        self.logger = logger
        center = Mutex(AlarmWatch.center(configuration))
    }

    private static func center(_ configuration: GatewayConfiguration, raised: Set<Alarm> = []) -> AlarmCenter {
        AlarmCenter(
            configuration.alarms,
            routes: configuration.routes.map(\.path),
            destinations: configuration.destinations.map(\.name),
            raised: raised
        )
    }

    /// Every alarm there can be, and whether it is raised.
    var states: [(alarm: Alarm, isRaised: Bool)] { center.withLock { $0.states } }

    func run() async throws {
        await recall()
        // Only the end of the gateway ends this, and that is no failure.
        try? await cancelWhenGracefulShutdown {
            var waiting: [AlarmChange] = []
            while true {
                try await Task.sleep(for: AlarmWatch.interval)
                waiting += await self.look()
                waiting = Array(await self.tell(waiting).suffix(AlarmWatch.mostWaiting))
            }
        }
        journal?.journal.record(center.withLock { $0.end() })
    }

    // MARK: Memory

    /// Takes what an earlier process has learnt from the journal.
    private func recall() async {
        guard let path = configuration.journal?.path else { return }
        do {
            let (raised, activity, isCounted) = try await pool.runIfActive { try AlarmWatch.recall(path) }
            if isCounted { journal?.journal.record(activity) }
            center.withLock { center in
                center = AlarmWatch.center(configuration, raised: raised)
                center.learn(activity)
            }
        } catch {
            logger.error("alarms begin anew: the journal cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// Watches the routes that a reload has added, with what the journal knows of them from before.
    ///
    /// Where that cannot be read they wait for the next look: begun without it, they would never learn it.
    private func watchNewRoutes() async {
        let paths = live.routes.routes.map(\.path)
        guard center.withLock({ $0.routeCount }) < paths.count else { return }
        var raised: Set<Alarm> = []
        var activity: [HourlyActivity] = []
        if let path = configuration.journal?.path {
            do {
                (raised, activity) = try await pool.runIfActive {
                    let reader = try JournalReader(path: path)
                    return (try AlarmWatch.raised(reader), try reader.activity())
                }
            } catch {
                let wasBehind = isBehind.withLock { isBehind in
                    defer { isBehind = true }
                    return isBehind
                }
                if !wasBehind {
                    let metadata: Logger.Metadata = ["error": "\(error)"]
                    logger.error("alarms of a new route wait: the journal cannot be read", metadata: metadata)
                }
                return
            }
        }
        isBehind.withLock { $0 = false }
        center.withLock { $0.watch(paths, raised: raised, knowing: activity) }
    }

    private static func recall(
        _ path: String
    ) throws -> (raised: Set<Alarm>, activity: [HourlyActivity], isCounted: Bool) {
        let reader = try JournalReader(path: path)
        let raised = try raised(reader)
        let known = try reader.activity()
        guard known.isEmpty else { return (raised, known, false) }
        return (raised, try reader.countActivity(of: CallEventTypes.pushed, before: .now()), true)
    }

    /// The alarms of which the latest event says that they are raised.
    private static func raised(_ reader: JournalReader) throws -> Set<Alarm> {
        var filter = JournalFilter()
        filter.route = route
        var seen: Set<Alarm> = []
        var raised: Set<Alarm> = []
        // The latest first: of each alarm the first event says how it was.
        for record in try reader.list(filter, limit: 1000) {
            guard let alarm = Alarm(subject: record.entry.event.draft.subject), seen.insert(alarm).inserted else {
                continue
            }
            if record.entry.event.draft.type.name == "alarm.raised" { raised.insert(alarm) }
        }
        return raised
    }

    // MARK: Looking

    private func look() async -> [AlarmChange] {
        await watchNewRoutes()
        guard let figures = await figures() else { return [] }
        let look = center.withLock { $0.look(figures, at: .now()) }
        journal?.journal.record(look.hours)
        for change in look.changes { log(change) }
        return look.changes
    }

    /// Nil when the loops have ended.
    private func figures() async -> AlarmCenter.Figures? {
        let loop = loops.first
        guard let loop, let snapshots = try? await loops.snapshots(on: loop).get() else { return nil }
        let routes = live.routes
        var pushes = routes.routes.map { _ in 0 }
        var attempts = configuration.destinations.map { _ in AttemptCounts() }
        for snapshot in snapshots {
            for line in snapshot.accepted
            where line.route < pushes.count && CallEventTypes.pushed.contains(line.type.name) {
                pushes[line.route] += line.count
            }
            for (place, counts) in snapshot.attempts.enumerated() { attempts[place].add(counts) }
        }
        for (place, status) in (await journal?.statuses(on: loop) ?? []).enumerated() where place < attempts.count {
            attempts[place].add(status.attempts)
        }
        return AlarmCenter.Figures(
            routes: zip(calls.fates, pushes).map { (fates: $0, pushes: $1) },
            served: routes.served,
            destinations: attempts.map { (delivered: $0.counts[0], failed: $0.counts.dropFirst().reduce(0, +)) }
        )
    }

    // MARK: Telling

    private func log(_ change: AlarmChange) {
        let alarm = change.alarm
        var metadata: Logger.Metadata = [
            "alarm": "\(alarm.kind.rawValue)", "\(alarm.placeName)": "\(alarm.place)",
            "state": change.isRaised ? "raised" : "cleared",
        ]
        for fact in change.facts {
            metadata[fact.name] =
                switch fact.value {
                case .count(let count): "\(count)"
                case .time(let time): "\(time)"
                }
        }
        let words: Logger.Message = "\(alarm.words(isRaised: change.isRaised))"
        logger.log(level: change.isRaised ? .warning : .notice, words, metadata: metadata)
    }

    /// Makes events of changes, in order.
    ///
    /// - Returns: those that the journal did not take.
    private func tell(_ changes: [AlarmChange]) async -> [AlarmChange] {
        let all = configuration.alarms.destinations
        for (index, change) in changes.enumerated() where !all.isEmpty {
            // Whoever takes nothing is not told of it.
            let names = all.filter { change.alarm != Alarm(.failingDestination, at: $0) }
            let places = names.compactMap { name in configuration.destinations.firstIndex { $0.name == name } }
            guard !places.isEmpty else { continue }
            do {
                try await loops.tell(change.draft, at: change.time, to: places, as: AlarmWatch.route)
            } catch {
                return Array(changes[index...])
            }
        }
        return []
    }
}
