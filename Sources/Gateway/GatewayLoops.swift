import Auth
import Delivery
import Edge
import Journal
import Logging
import NIOCore
import NIOPosix
import OpenSSL
import Sipgate
import Webhooks

/// What every event loop has of its own: the walk, its providers, and its connections to the destinations.
struct GatewayLoops: Sendable {
    /// What the edge needs, by loop.
    let edge: EdgeLoops
    private let forwarders: [NIOLoopBound<Forwarder>]
    private let measures: [NIOLoopBound<LoopMeasures>]

    /// Builds each loop's part on that loop.
    static func make(
        _ configuration: GatewayConfiguration,
        journal: (any EventJournal)?,
        on group: MultiThreadedEventLoopGroup,
        hashing: NIOThreadPool,
        logger: Logger
    ) async throws -> GatewayLoops {
        let shared = try Shared(configuration, journal: journal, hashing: hashing, logger: logger)
        var edges: [NIOLoopBound<EdgeLoop>] = []
        var forwarders: [NIOLoopBound<Forwarder>] = []
        var measures: [NIOLoopBound<LoopMeasures>] = []
        for loop in group.makeIterator() {
            let (edge, forwarder, measure) = try await loop.submit { try shared.part(on: loop) }.get()
            edges.append(edge)
            forwarders.append(forwarder)
            measures.append(measure)
        }
        return GatewayLoops(edge: EdgeLoops(edges), forwarders: forwarders, measures: measures)
    }

    /// What every loop has counted, in their order.
    func snapshots(on loop: any EventLoop) -> EventLoopFuture<[LoopMeasures.Snapshot]> {
        EventLoopFuture.whenAllSucceed(
            measures.map { measure in measure.eventLoop.submit { measure.value.snapshot } },
            on: loop
        )
    }

    /// Lets running attempts end and closes the connections to the destinations.
    func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let drained = forwarders.map { forwarder in
            forwarder.eventLoop.flatSubmit { forwarder.value.drain() }
        }
        return EventLoopFuture.andAllComplete(drained, on: loop)
    }
}

/// What all loops share: immutable, or locked by its owner.
private struct Shared: Sendable {
    let configuration: GatewayConfiguration
    let journal: (any EventJournal)?
    let routes: RouteTable
    let credentials: CredentialStore
    let throttle = FailureThrottle()
    let followUpKey: [UInt8]
    let logger: Logger
    let loops: Int

    init(
        _ configuration: GatewayConfiguration,
        journal: (any EventJournal)?,
        hashing: NIOThreadPool,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.journal = journal
        let positions = Dictionary(
            configuration.destinations.enumerated().map { ($1.name, $0) }
        ) { first, _ in first }
        routes = RouteTable(
            configuration.routes.map { route in
                Route(
                    path: route.path,
                    users: Set(route.users),
                    destinations: route.destinations.compactMap { positions[$0] }
                )
            }
        )
        credentials = try CredentialStore(accounts: configuration.users, hashing: hashing)
        if let key = configuration.followUpKey {
            followUpKey = Array(key.exposed.utf8)
        } else {
            followUpKey = try RandomBytes.make(count: 32)
        }
        self.logger = logger
        loops = configuration.eventLoops
    }

    /// Builds the part of one loop, on it.
    func part(
        on loop: any EventLoop
    ) throws -> (NIOLoopBound<EdgeLoop>, NIOLoopBound<Forwarder>, NIOLoopBound<LoopMeasures>) {
        let forwarder = Forwarder(destinations: configuration.destinations, eventLoop: loop, loops: loops)
        let lanes = try configuration.routes.map { route in
            IngestPipeline.Lane(
                provider: try SipgateProvider(
                    publicURL: configuration.publicURL,
                    routePath: route.path,
                    followUpKey: followUpKey
                ),
                source: configuration.publicURL + route.path,
                isDurable: route.isDurable
            )
        }
        let pipeline = IngestPipeline(
            routes: routes,
            lanes: lanes,
            authenticator: try Authenticator(store: credentials, throttle: throttle, eventLoop: loop),
            journal: journal,
            forwarder: forwarder,
            ids: EventIDSource(),
            log: IngestLog(logger: logger, destinations: configuration.destinations.map(\.name)),
            eventLoop: loop
        )
        let edge = EdgeLoop(responder: pipeline)
        let measures = LoopMeasures(
            edge: edge,
            accepted: pipeline.accepted,
            forwarder: forwarder,
            eventLoop: loop
        )
        return (
            NIOLoopBound(edge, eventLoop: loop),
            NIOLoopBound(forwarder, eventLoop: loop),
            NIOLoopBound(measures, eventLoop: loop)
        )
    }
}
