import Journal
import Sipgate
import Webhooks

/// All alarms of a gateway: figures and moments go in, what was raised and cleared comes out.
struct AlarmCenter: Sendable {
    /// What was counted since the start.
    struct Figures: Sendable {
        /// By route: how legs ended, nil where calls are not tracked, and pushes accepted.
        var routes: [(fates: LegFates?, pushes: Int)]
        /// The routes that take pushes; the others were taken out by a reload.
        var served: Set<Int>
        /// By destination: attempts.
        var destinations: [(delivered: Int, failed: Int)]
    }

    /// What a look has shown.
    struct Look {
        var changes: [AlarmChange] = []
        /// Hours that have ended, to be kept.
        var hours: [HourlyActivity] = []
    }

    private let settings: AlarmsConfiguration
    private var routes: [String] = []
    private let destinations: [String]
    private var followUps: [MissingFollowUps] = []
    private var silences: [Silence] = []
    private var failures: [FailingDestination] = []

    /// - Parameters:
    ///   - settings: which alarms there are.
    ///   - routes: paths, in the order of the configuration.
    ///   - destinations: names, likewise.
    ///   - raised: what was raised when an earlier process ended.
    init(
        _ settings: AlarmsConfiguration,
        routes: [String],
        destinations: [String],
        raised: Set<Alarm> = []
    ) {
        self.settings = settings
        self.destinations = destinations
        if let settings = settings.failingDestination {
            failures = destinations.map {
                FailingDestination(settings, isRaised: raised.contains(Alarm(.failingDestination, at: $0)))
            }
        }
        watch(routes, raised: raised)
    }

    /// How many routes are watched.
    var routeCount: Int { routes.count }

    /// Watches more routes, behind those that it watches.
    ///
    /// - Parameters:
    ///   - paths: all routes since the start, by number.
    ///   - raised: what was raised at those that are new.
    ///   - activity: what is known of the hours before of those that are new.
    mutating func watch(_ paths: [String], raised: Set<Alarm> = [], knowing activity: [HourlyActivity] = []) {
        let new = Array(paths.dropFirst(routes.count))
        routes += new
        if let settings = settings.missingFollowUps {
            followUps += new.map {
                MissingFollowUps(settings, isRaised: raised.contains(Alarm(.missingFollowUps, at: $0)))
            }
        }
        if let settings = settings.silence {
            silences += new.map { Silence(settings, route: $0, isRaised: raised.contains(Alarm(.silence, at: $0))) }
        }
        learn(activity.filter { new.contains($0.route) })
    }

    /// Takes in what is known of the hours before.
    mutating func learn(_ activity: [HourlyActivity]) {
        for row in activity {
            guard let place = routes.firstIndex(of: row.route), silences.indices.contains(place) else { continue }
            silences[place].learn(row)
        }
    }

    /// Looks at everything once.
    mutating func look(_ figures: Figures, at now: Timestamp) -> Look {
        var look = Look()
        func note(_ alarm: Alarm, _ isRaised: Bool, _ facts: [AlarmChange.Fact]?) {
            guard let facts else { return }
            look.changes.append(AlarmChange(alarm: alarm, isRaised: isRaised, time: now, facts: facts))
        }
        let served = figures.served
        for (place, figures) in figures.routes.enumerated() where place < routes.count {
            let isServed = served.contains(place)
            if followUps.indices.contains(place), let fates = figures.fates {
                let facts = isServed ? followUps[place].look(fates, at: now) : followUps[place].rest(fates)
                note(Alarm(.missingFollowUps, at: routes[place]), followUps[place].isRaised, facts)
            }
            if silences.indices.contains(place) {
                let pushes = figures.pushes
                let seen = isServed ? silences[place].look(pushes, at: now) : silences[place].rest(pushes)
                note(Alarm(.silence, at: routes[place]), silences[place].isRaised, seen.facts)
                if let ended = seen.ended { look.hours.append(ended) }
            }
        }
        for (place, figures) in figures.destinations.enumerated() where failures.indices.contains(place) {
            let facts = failures[place].look(delivered: figures.delivered, failed: figures.failed, at: now)
            note(Alarm(.failingDestination, at: destinations[place]), failures[place].isRaised, facts)
        }
        return look
    }

    /// The hours that are being counted, at the end.
    func end() -> [HourlyActivity] { silences.compactMap { $0.end() } }

    /// Every alarm there can be, and whether it is raised.
    var states: [(alarm: Alarm, isRaised: Bool)] {
        zip(routes, followUps).map { (Alarm(.missingFollowUps, at: $0), $1.isRaised) }
            + zip(routes, silences).map { (Alarm(.silence, at: $0), $1.isRaised) }
            + zip(destinations, failures).map { (Alarm(.failingDestination, at: $0), $1.isRaised) }
    }
}
