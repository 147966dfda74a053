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
    private let senders: [NIOLoopBound<Senders>]
    private let pipelines: [NIOLoopBound<IngestPipeline>]
    private let measures: [NIOLoopBound<LoopMeasures>]
    private let recorders: [NIOLoopBound<RefusalRecorder>]

    /// Who sends to destinations on one loop.
    private struct Senders {
        let forwarder: Forwarder
        let inquirers: [Inquirer]

        func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
            EventLoopFuture.andAllComplete([forwarder.drain()] + inquirers.map { $0.drain() }, on: loop)
        }
    }

    /// Builds each loop's part on that loop.
    static func make(
        _ configuration: GatewayConfiguration,
        calls: CallKeeping,
        journal: (any EventJournal)?,
        refusals: GatewayRefusals?,
        on group: MultiThreadedEventLoopGroup,
        hashing: NIOThreadPool,
        logger: Logger
    ) async throws -> GatewayLoops {
        let shared = try Shared(configuration, calls: calls, journal: journal, hashing: hashing, logger: logger)
        var edges: [NIOLoopBound<EdgeLoop>] = []
        var senders: [NIOLoopBound<Senders>] = []
        var pipelines: [NIOLoopBound<IngestPipeline>] = []
        var measures: [NIOLoopBound<LoopMeasures>] = []
        var recorders: [NIOLoopBound<RefusalRecorder>] = []
        for (place, loop) in group.makeIterator().enumerated() {
            let (edge, sender, pipeline, measure, recorder) = try await loop.submit {
                let (pipeline, forwarder, inquirers) = try shared.part(on: loop)
                let senders = Senders(forwarder: forwarder, inquirers: inquirers)
                let recorder = refusals?.recorder(shared.routes, on: loop) { pipeline.loggable($0) }
                let edge = EdgeLoop(responder: pipeline, place: place, keeper: recorder)
                let measures = LoopMeasures(
                    edge: edge,
                    accepted: pipeline.accepted,
                    forwarder: forwarder,
                    eventLoop: loop
                )
                return (
                    NIOLoopBound(edge, eventLoop: loop), NIOLoopBound(senders, eventLoop: loop),
                    NIOLoopBound(pipeline, eventLoop: loop), NIOLoopBound(measures, eventLoop: loop),
                    recorder.map { NIOLoopBound($0, eventLoop: loop) }
                )
            }.get()
            edges.append(edge)
            senders.append(sender)
            pipelines.append(pipeline)
            measures.append(measure)
            if let recorder { recorders.append(recorder) }
        }
        return GatewayLoops(
            edge: EdgeLoops(edges),
            senders: senders,
            pipelines: pipelines,
            measures: measures,
            recorders: recorders
        )
    }

    /// Lets time pass for calls, on one of the loops.
    ///
    /// - Returns: what to cancel at the end.
    func start(_ calls: CallKeeping) async throws -> RepeatedTask? {
        guard let pipeline = pipelines.first else { return nil }
        return try await pipeline.eventLoop.submit {
            calls.start(on: pipeline.eventLoop) { drafts, time, route in
                pipeline.value.keep(drafts, at: time, onRoute: route)
            }
        }.get()
    }

    /// One of the loops; nil when there is none.
    var first: (any EventLoop)? { pipelines.first?.eventLoop }

    /// Sends an event of our own to destinations, whatever they want otherwise.
    ///
    /// - Parameters:
    ///   - draft: the event.
    ///   - time: when it is.
    ///   - places: of the destinations.
    ///   - route: under which the journal has it.
    /// - Throws: `JournalError` when the journal did not take it.
    func tell(_ draft: EventDraft, at time: Timestamp, to places: [Int], as route: String) async throws {
        guard let pipeline = pipelines.first else { return }
        try await pipeline.eventLoop.flatSubmit {
            pipeline.value.tell(draft, at: time, to: places, as: route)
        }.get()
    }

    /// What every loop has counted, in their order.
    func snapshots(on loop: any EventLoop) -> EventLoopFuture<[LoopMeasures.Snapshot]> {
        EventLoopFuture.whenAllSucceed(
            measures.map { measure in measure.eventLoop.submit { measure.value.snapshot } },
            on: loop
        )
    }

    /// Hands over what is only counted so far of those who were turned away.
    func handOverRefusals() async {
        for recorder in recorders { try? await recorder.eventLoop.submit { recorder.value.handOver() }.get() }
    }

    /// Lets running attempts end and closes the connections to the destinations.
    func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let drained = senders.map { sender in
            sender.eventLoop.flatSubmit { sender.value.drain(on: sender.eventLoop) }
        }
        return EventLoopFuture.andAllComplete(drained, on: loop)
    }
}

/// What all loops share: immutable, or locked by its owner.
private struct Shared: Sendable {
    let configuration: GatewayConfiguration
    let calls: CallKeeping
    let journal: (any EventJournal)?
    let routes: RouteTable
    let credentials: CredentialStore
    let throttle = FailureThrottle()
    let followUpKey: [UInt8]
    let logger: Logger
    let loops: Int

    init(
        _ configuration: GatewayConfiguration,
        calls: CallKeeping,
        journal: (any EventJournal)?,
        hashing: NIOThreadPool,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.calls = calls
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
    func part(on loop: any EventLoop) throws -> (IngestPipeline, Forwarder, [Inquirer]) {
        let forwarder = Forwarder(destinations: configuration.destinations, eventLoop: loop, loops: loops)
        var inquirers: [Inquirer] = []
        let lanes = try zip(configuration.routes, calls.routes).enumerated().map { index, pair in
            let (route, known) = pair
            let inquiry = route.calls.decide.flatMap { decide in
                inquirer(for: decide, on: loop).map { (inquirer: $0, deadline: decide.deadline) }
            }
            if let inquiry { inquirers.append(inquiry.inquirer) }
            return IngestPipeline.Lane(
                index: index,
                route: routes[index],
                provider: try SipgateProvider(
                    publicURL: configuration.publicURL,
                    routePath: route.path,
                    followUpKey: followUpKey,
                    route: known
                ),
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
            log: IngestLog(
                logger: logger,
                destinations: configuration.destinations.map(\.name),
                personal: PersonalData(configuration.logging)
            ),
            eventLoop: loop
        )
        return (pipeline, forwarder, inquirers)
    }

    /// Questions have connections of their own: a backlog must not stand before a caller.
    private func inquirer(for decide: CallsConfiguration.Decide, on loop: any EventLoop) -> Inquirer? {
        guard var destination = configuration.destinations.first(where: { $0.name == decide.destination }) else {
            return nil
        }
        destination.target = decide.path
        return Inquirer(destination, eventLoop: loop, loops: loops)
    }
}
