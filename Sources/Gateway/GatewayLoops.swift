import Delivery
import Edge
import Journal
import Logging
import NIOCore
import NIOPosix
import Sipgate
import Webhooks

/// What every event loop has of its own: the walk, its providers, and its connections to the destinations.
struct GatewayLoops: Sendable {
    /// Another configuration on its way: built on every loop, and used by none yet.
    struct Prepared: Sendable {
        fileprivate let shared: LoopShared
        fileprivate let parts: [NIOLoopBound<LoopPart>]
        fileprivate let policy: RefusalRecorder.Policy?
    }

    /// What the edge needs, by loop.
    let edge: EdgeLoops
    private let places: [NIOLoopBound<LoopPlace>]
    private let measures: [NIOLoopBound<LoopMeasures>]
    private let shared: LoopSharedInForce

    /// Builds each loop's part on that loop.
    static func make(
        _ configuration: GatewayConfiguration,
        calls: CallKeeping,
        journal: (any EventJournal)?,
        refusals: GatewayRefusals?,
        tracer: Tracer?,
        on group: MultiThreadedEventLoopGroup,
        hashing: NIOThreadPool,
        logger: Logger
    ) async throws -> GatewayLoops {
        let shared = try LoopShared(
            configuration,
            calls: calls.routes,
            journal: journal,
            tracer: tracer,
            hashing: hashing,
            logger: logger
        )
        var edges: [NIOLoopBound<EdgeLoop>] = []
        var places: [NIOLoopBound<LoopPlace>] = []
        var measures: [NIOLoopBound<LoopMeasures>] = []
        for (number, loop) in group.makeIterator().enumerated() {
            let (edge, place, measure) = try await loop.submit {
                let forwarder = Forwarder(
                    destinations: configuration.destinations,
                    eventLoop: loop,
                    loops: configuration.eventLoops
                )
                let part = try shared.part(on: loop, forwarder: forwarder, after: nil)
                let recorder = refusals?.recorder(shared.routes, on: loop)
                let edge = EdgeLoop(responder: part.pipeline, place: number, keeper: recorder)
                let measures = LoopMeasures(
                    edge: edge,
                    accepted: part.pipeline.accepted,
                    forwarder: forwarder,
                    eventLoop: loop
                )
                let place = LoopPlace(edge: edge, forwarder: forwarder, recorder: recorder, part: part)
                return (
                    NIOLoopBound(edge, eventLoop: loop), NIOLoopBound(place, eventLoop: loop),
                    NIOLoopBound(measures, eventLoop: loop)
                )
            }.get()
            edges.append(edge)
            places.append(place)
            measures.append(measure)
        }
        return GatewayLoops(
            edge: EdgeLoops(edges),
            places: places,
            measures: measures,
            shared: LoopSharedInForce(shared)
        )
    }

    /// Builds on every loop what another configuration needs; nobody is served with it yet.
    ///
    /// - Parameters:
    ///   - configuration: The configuration.
    ///   - routes: Its routes, with their numbers.
    ///   - calls: What they know, by number.
    /// - Returns: what `replace` puts in force.
    /// - Throws: what OpenSSL says when it is broken; nothing has changed then.
    func prepare(
        _ configuration: GatewayConfiguration,
        routes: RouteNumbers,
        calls: [SipgateRoute]
    ) async throws -> Prepared {
        let next = try shared.current.replaced(by: configuration, routes, calls)
        var parts: [NIOLoopBound<LoopPart>] = []
        for place in places {
            let loop = place.eventLoop
            parts.append(
                try await loop.submit {
                    let (forwarder, before) = (place.value.forwarder, place.value.part)
                    return NIOLoopBound(
                        try next.part(on: loop, forwarder: forwarder, after: before),
                        eventLoop: loop
                    )
                }.get()
            )
        }
        return Prepared(shared: next, parts: parts, policy: GatewayRefusals.policy(configuration))
    }

    /// Serves the requests that begin from now on with it.
    func replace(by prepared: Prepared) async {
        shared.replace(by: prepared.shared)
        for (place, part) in zip(places, prepared.parts) {
            // A loop that takes no more work has no more requests.
            try? await place.eventLoop.submit { place.value.take(part.value, prepared.shared.routes, prepared.policy) }
                .get()
        }
    }

    /// Lets time pass for calls, on one of the loops.
    ///
    /// - Returns: what to cancel at the end.
    func start(_ calls: CallKeeping) async throws -> RepeatedTask? {
        guard let place = places.first else { return nil }
        return try await place.eventLoop.submit {
            calls.start(on: place.eventLoop) { drafts, time, route in
                place.value.part.pipeline.keep(drafts, at: time, onRoute: route)
            }
        }.get()
    }

    /// One of the loops; nil when there is none.
    var first: (any EventLoop)? { places.first?.eventLoop }

    /// Sends an event of our own to destinations, whatever they want otherwise.
    ///
    /// - Parameters:
    ///   - draft: the event.
    ///   - time: when it is.
    ///   - places: of the destinations.
    ///   - route: under which the journal has it.
    /// - Throws: `JournalError` when the journal did not take it.
    func tell(_ draft: EventDraft, at time: Timestamp, to places: [Int], as route: String) async throws {
        guard let place = self.places.first else { return }
        try await place.eventLoop.flatSubmit {
            place.value.part.pipeline.tell(draft, at: time, to: places, as: route)
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
        for place in places { try? await place.eventLoop.submit { place.value.recorder?.handOver() }.get() }
    }

    /// Lets running attempts end and closes the connections to the destinations.
    func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let drained = places.map { place in
            place.eventLoop.flatSubmit { place.value.drain(on: place.eventLoop) }
        }
        return EventLoopFuture.andAllComplete(drained, on: loop)
    }
}

/// One loop, with what is in force on it.
private final class LoopPlace {
    let forwarder: Forwarder
    /// Nil where refusals are not kept.
    let recorder: RefusalRecorder?
    private(set) var part: LoopPart
    private let edge: EdgeLoop

    init(edge: EdgeLoop, forwarder: Forwarder, recorder: RefusalRecorder?, part: LoopPart) {
        self.edge = edge
        self.forwarder = forwarder
        self.recorder = recorder
        self.part = part
    }

    func take(_ other: LoopPart, _ routes: RouteTable, _ policy: RefusalRecorder.Policy?) {
        let before = part
        part = other
        edge.responder = other.pipeline
        if let policy { recorder?.replace(policy, routes: routes) }
        for (number, asked) in before.asked where other.asked[number]?.inquirer !== asked.inquirer {
            // Questions under way still get their answers.
            asked.inquirer.drain().whenComplete { _ in }
        }
    }

    func drain(on loop: any EventLoop) -> EventLoopFuture<Void> {
        EventLoopFuture.andAllComplete([forwarder.drain()] + part.asked.values.map { $0.inquirer.drain() }, on: loop)
    }
}

@available(*, unavailable)
extension LoopPlace: Sendable {}
