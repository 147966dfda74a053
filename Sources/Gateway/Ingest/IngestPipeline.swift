import Auth
import Delivery
import Edge
import Journal
import NIOCore
import Webhooks

/// The walk of one webhook, top to bottom: route, credentials, decode, validate, normalise, keep, reply.
///
/// The edge hands in requests that are complete and small, and turns the replies into bytes. One pipeline per event
/// loop, used on that loop only; every step is a pure function or calls back on the same loop.
final class IngestPipeline: Responder {
    /// A route with what only this loop may touch.
    struct Lane {
        /// The provider of the route: decodes its pushes and writes its replies.
        let provider: any Provider
        /// The CloudEvents `source` of the route's events.
        let source: String
        /// Whether the reply waits for the journal; else for the destinations.
        let isDurable: Bool
    }

    /// What was accepted on this loop, for the metrics.
    let accepted = AcceptedCounts()
    private let routes: RouteTable
    private let lanes: [Lane]
    private let authenticator: Authenticator
    private let journal: (any EventJournal)?
    private let forwarder: Forwarder
    private let ids: EventIDSource
    private let log: IngestLog
    private let eventLoop: any EventLoop

    init(
        routes: RouteTable,
        lanes: [Lane],
        authenticator: Authenticator,
        journal: (any EventJournal)?,
        forwarder: Forwarder,
        ids: EventIDSource,
        log: IngestLog,
        eventLoop: any EventLoop
    ) {
        self.routes = routes
        self.lanes = lanes
        self.authenticator = authenticator
        self.journal = journal
        self.forwarder = forwarder
        self.ids = ids
        self.log = log
        self.eventLoop = eventLoop
    }

    // MARK: Before the content is read

    /// Refuses what its head already condemns, so that no stranger's content is kept.
    func screen(_ head: RequestHead) -> Screening {
        // Route.
        guard let match = routes.match(head.target) else { return .refused(.refusal(.unknownPath)) }
        guard head.method == "POST" else { return .refused(.refusal(.methodNotAllowed), route: match.index) }
        // Who is it? sipgate posts without credentials first and repeats on the challenge: part of the good path.
        if match.followUp == nil, head.headers.count("authorization") == 0 {
            return .refused(.refusal(.credentialsMissing), route: match.index)
        }
        // What does it send?
        do throws(Rejection) {
            try lanes[match.index].provider.screen(head.headers)
            return .accepted(match)
        } catch {
            return .refused(.refusal(error), route: match.index)
        }
    }

    // MARK: The whole request

    func respond(to request: InboundRequest, on match: RouteTable.Match, reply: @escaping (Reply) -> Void) {
        // A follow-up address is its own credential: sipgate does not repeat user and password there.
        if let followUp = match.followUp {
            let provider = lanes[match.index].provider
            if let drafts = try? provider.decode(request.body), provider.vouches(for: drafts, followUp: followUp) {
                return accept(drafts, from: request, on: match, reply)
            }
        }
        let verdict = authenticator.evaluate(
            request.head.headers,
            client: request.head.client,
            allowed: match.route.users,
            now: eventLoop.now
        )
        proceed(verdict, with: request, on: match, reply)
    }

    private func proceed(
        _ verdict: Verdict,
        with request: InboundRequest,
        on match: RouteTable.Match,
        _ reply: @escaping (Reply) -> Void
    ) {
        switch verdict {
        case .admit:
            do throws(Rejection) {
                let drafts = try lanes[match.index].provider.decode(request.body)
                accept(drafts, from: request, on: match, reply)
            } catch {
                reply(.refusal(error))
            }
        case .challenge(let reason):
            reply(.refusal(reason))
        case .throttled(let delay):
            reply(.throttled(delay))
        case .overloaded:
            reply(.refusal(.overloaded))
        case .pending(let verdict):
            // A hash is being computed elsewhere; the verdict comes back on this loop.
            verdict.assumeIsolated().whenComplete { result in
                switch result {
                case .success(let verdict): self.proceed(verdict, with: request, on: match, reply)
                // A verdict never fails; should it all the same, the sender still gets an answer.
                case .failure: reply(.refusal(.overloaded))
                }
            }
        }
    }

    /// Everything is known to be good: make the events facts, and answer only when they are where they belong.
    private func accept(
        _ drafts: [EventDraft],
        from request: InboundRequest,
        on match: RouteTable.Match,
        _ reply: @escaping (Reply) -> Void
    ) {
        let lane = lanes[match.index]
        let traceParent = TraceParent.of(request.head.headers)
        let events = drafts.map { draft in
            Event(
                id: ids.next(at: request.head.arrival),
                source: lane.source,
                time: request.head.arrival,
                draft: draft,
                traceParent: traceParent
            )
        }
        let complete = { (refusal: Reply?) in
            if refusal == nil { self.accepted.note(drafts, route: match.index) }
            reply(refusal ?? lane.provider.reply(to: drafts))
        }
        if lane.isDurable, let journal {
            keep(events, on: match.route, in: journal, complete)
        } else {
            forward(events, on: match.route, complete)
        }
    }

    /// Makes the events durable; the dispatchers deliver them from there.
    ///
    /// Calls `complete` with nil once a synced commit holds them, else with the reply that says that nothing was kept.
    private func keep(
        _ events: [Event],
        on route: Route,
        in journal: any EventJournal,
        _ complete: @escaping (Reply?) -> Void
    ) {
        let entries = events.map { event in
            var wanting = DestinationSet()
            for place in route.destinations where forwarder.wants(event, place) { wanting.insert(place) }
            return NewEntry(event: event, route: route.path, destinations: wanting)
        }
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: complete(nil)
            case .failure(let error): complete((error as? JournalError)?.refusal ?? .refusal(.journalUnavailable))
            }
        }
        journal.append(entries, promise: promise)
    }

    /// Hands every event to every destination that wants it, side by side.
    ///
    /// Calls `complete` with nil when all have taken it, else with the reply that says so.
    private func forward(_ events: [Event], on route: Route, _ complete: @escaping (Reply?) -> Void) {
        let forwarding = Forwarding(complete)
        for event in events {
            for index in route.destinations where forwarder.wants(event, index) {
                forwarding.begin()
                forwarder.forward(event, to: index) { outcome in
                    self.log.attempted(event, route: route, destination: index, outcome: outcome)
                    forwarding.end(outcome)
                }
            }
        }
        forwarding.allBegun()
    }

    // MARK: Logs

    func loggable(_ target: String) -> String {
        guard let match = routes.match(target) else {
            // No route: the path as it came, without its query, and not for ever. In front of a host may stand a user
            // with a password (RFC 3986, section 3.2.1), so of a target with a host nothing is kept.
            let hasHost = !target.hasPrefix("/") || target.hasPrefix("//") && target.contains("@")
            return hasHost ? "-" : String(target.prefix { $0 != "?" }.prefix(100))
        }
        guard let followUp = match.followUp else { return match.route.path }
        return match.route.path + "/" + followUp.kind.prefix(16)
    }
}

@available(*, unavailable)
extension IngestPipeline: Sendable {}
