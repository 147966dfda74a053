import Auth
import Delivery
import Edge
import Journal
import Logging
import NIOCore
import NIOPosix
import OpenSSL
import Sipgate
import Synchronization
import Webhooks

/// What one configuration is on one loop.
struct LoopPart {
    /// Who is asked for the decisions of one route.
    struct Asked {
        let destination: String
        let path: String
        let inquirer: Inquirer
    }

    let pipeline: IngestPipeline
    /// By the number of the route.
    let asked: [Int: Asked]
}

/// What all loops share: immutable, or locked by its owner.
struct LoopShared: Sendable {
    private(set) var configuration: GatewayConfiguration
    /// Its routes, and those that were.
    private var numbers: RouteNumbers
    /// What is known of calls, by the number of the route.
    private var calls: [SipgateRoute]
    private let journal: (any EventJournal)?
    private(set) var routes: RouteTable
    private var credentials: CredentialStore
    private let throttle = FailureThrottle()
    private var followUpKey: [UInt8]
    private let hashing: NIOThreadPool
    private let logger: Logger
    private let tracer: Tracer?

    init(
        _ configuration: GatewayConfiguration,
        calls: [SipgateRoute],
        journal: (any EventJournal)?,
        tracer: Tracer?,
        hashing: NIOThreadPool,
        logger: Logger
    ) throws {
        self.configuration = configuration
        numbers = RouteNumbers(configuration.routes)
        self.calls = calls
        self.journal = journal
        routes = LoopShared.table(configuration, numbers)
        credentials = try CredentialStore(accounts: configuration.users, hashing: hashing)
        followUpKey = try LoopShared.followUpKey(configuration)
        self.hashing = hashing
        self.logger = logger
        self.tracer = tracer
    }

    /// The same for another configuration: what has not changed, and what is counted and remembered, stays.
    func replaced(
        by other: GatewayConfiguration,
        _ numbers: RouteNumbers,
        _ calls: [SipgateRoute]
    ) throws -> LoopShared {
        var next = self
        next.configuration = other
        next.numbers = numbers
        next.calls = calls
        next.routes = LoopShared.table(other, numbers)
        // Verified credentials are remembered in the store, and cost a hash each in another one.
        if other.users != configuration.users {
            next.credentials = try CredentialStore(accounts: other.users, hashing: hashing)
        }
        if other.followUpKey != configuration.followUpKey { next.followUpKey = try LoopShared.followUpKey(other) }
        return next
    }

    private static func table(_ configuration: GatewayConfiguration, _ numbers: RouteNumbers) -> RouteTable {
        let positions = Dictionary(
            configuration.destinations.enumerated().map { ($1.name, $0) }
        ) { first, _ in first }
        let routes = numbers.routes.map { route in
            Route(
                path: route.path,
                users: Set(route.users),
                destinations: route.destinations.compactMap { positions[$0] }
            )
        }
        return RouteTable(routes, served: numbers.served)
    }

    private static func followUpKey(_ configuration: GatewayConfiguration) throws -> [UInt8] {
        if let key = configuration.followUpKey { return Array(key.exposed.utf8) }
        return try RandomBytes.make(count: 32)
    }

    /// Builds the part of one loop, on it.
    ///
    /// - Parameters:
    ///   - loop: The loop.
    ///   - forwarder: Its connections to the destinations.
    ///   - before: What is in force on it, whose counters go on; nil: nothing is.
    /// - Returns: the part.
    /// - Throws: what OpenSSL says when it is broken.
    func part(on loop: any EventLoop, forwarder: Forwarder, after before: LoopPart?) throws -> LoopPart {
        var asked: [Int: LoopPart.Asked] = [:]
        let lanes = try zip(numbers.routes, calls).enumerated().map { index, pair in
            let (route, known) = pair
            if let decide = route.calls.decide, numbers.served.contains(index) {
                let same = before?.asked[index].flatMap { asked in
                    asked.destination == decide.destination && asked.path == decide.path ? asked.inquirer : nil
                }
                if let inquirer = same ?? inquirer(for: decide, on: loop) {
                    asked[index] = .init(destination: decide.destination, path: decide.path, inquirer: inquirer)
                }
            }
            let inquiry = route.calls.decide.flatMap { decide in
                asked[index].map { (inquirer: $0.inquirer, deadline: decide.deadline) }
            }
            return IngestPipeline.Lane(
                index: index,
                route: routes[index],
                provider: try provider(of: route, known),
                source: configuration.publicURL + route.path,
                addresses: route.addresses,
                certificates: route.certificates,
                isDurable: route.isDurable,
                followUps: route.calls.followUps,
                inquiry: inquiry
            )
        }
        let pipeline = IngestPipeline(
            routes: routes,
            lanes: lanes,
            authenticator: try Authenticator(store: credentials, throttle: throttle, eventLoop: loop),
            journal: journal,
            forwarder: forwarder,
            ids: EventIDSource(),
            publicURL: configuration.publicURL,
            tracer: tracer,
            log: IngestLog(
                logger: logger,
                destinations: configuration.destinations.map(\.name),
                personal: PersonalData(configuration.logging)
            ),
            eventLoop: loop,
            accepted: before?.pipeline.accepted
        )
        return LoopPart(pipeline: pipeline, asked: asked)
    }

    /// The provider of a route, for one loop.
    private func provider(of route: RouteConfiguration, _ known: SipgateRoute) throws -> any Provider {
        switch route.provider {
        case .sipgate:
            try SipgateProvider(
                publicURL: configuration.publicURL,
                routePath: route.path,
                followUpKey: followUpKey,
                route: known
            )
        }
    }

    /// Questions have connections of their own: a backlog must not stand before a caller.
    private func inquirer(for decide: CallsConfiguration.Decide, on loop: any EventLoop) -> Inquirer? {
        guard var destination = configuration.destinations.first(where: { $0.name == decide.destination }) else {
            return nil
        }
        destination.target = decide.path
        return Inquirer(destination, eventLoop: loop, loops: configuration.eventLoops)
    }
}

/// What the loops share now.
final class LoopSharedInForce: Sendable {
    private let shared: Mutex<LoopShared>

    init(_ shared: LoopShared) {
        self.shared = Mutex(shared)
    }

    var current: LoopShared { shared.withLock { $0 } }

    func replace(by other: LoopShared) {
        shared.withLock { $0 = other }
    }
}
