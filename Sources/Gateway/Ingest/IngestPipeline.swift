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
    /// What was accepted on this loop, for the metrics.
    let accepted: AcceptedCounts
    let routes: RouteTable
    let lanes: [Lane]
    private let authenticator: Authenticator
    let journal: (any EventJournal)?
    let forwarder: Forwarder
    let ids: EventIDSource
    /// Follows requests; nil: nobody does.
    let tracer: Tracer?
    let attempts: AttemptTrace?
    /// The source of events that are our own.
    let publicURL: String
    let log: IngestLog
    let eventLoop: any EventLoop
    /// What our own paths are made of.
    private let segments: [String]

    init(
        routes: RouteTable,
        lanes: [Lane],
        authenticator: Authenticator,
        journal: (any EventJournal)?,
        forwarder: Forwarder,
        ids: EventIDSource,
        publicURL: String = "",
        tracer: Tracer? = nil,
        log: IngestLog,
        eventLoop: any EventLoop,
        accepted: AcceptedCounts? = nil
    ) {
        self.routes = routes
        self.lanes = lanes
        self.accepted = accepted ?? AcceptedCounts(routes: lanes.count)
        self.authenticator = authenticator
        self.journal = journal
        self.forwarder = forwarder
        self.ids = ids
        self.publicURL = publicURL
        self.tracer = tracer
        attempts = tracer?.attempts
        self.log = log
        self.eventLoop = eventLoop
        let own = lanes.flatMap { $0.route.path.split(separator: "/").map(String.init) }
        segments = Set(own).sorted() + ["answer", "hangup", "dtmf"]
    }

    // MARK: Before the content is read

    func screen(_ head: RequestHead) -> Screening {
        let screening = judge(head)
        if case .refused(let reply, let route) = screening, let tracer {
            tracer.refused(reply, head, path: route.map { lanes[$0].route.path })
        }
        return screening
    }

    /// Refuses what its head already condemns, so that no stranger's content is kept.
    private func judge(_ head: RequestHead) -> Screening {
        // Route.
        guard let match = routes.match(head.target) else { return .refused(.refusal(.unknownPath)) }
        guard head.method == "POST" else { return .refused(.refusal(.methodNotAllowed), route: match.index) }
        // Who is it? sipgate posts without credentials first and repeats on the challenge: part of the good path.
        let lane = lanes[match.index]
        guard lane.addresses.admits(head.client) else { return .refused(.refusal(.addressDenied), route: match.index) }
        guard lane.certificates.admits(head.certificate) else {
            return .refused(.refusal(.certificateDenied), route: match.index)
        }
        if match.followUp == nil || lane.followUps == .credentials, head.headers.count(.authorization) == 0 {
            return .refused(.refusal(.credentialsMissing), route: match.index)
        }
        // What does it send?
        do throws(Rejection) {
            try lane.provider.screen(head.headers)
            return .accepted(match)
        } catch {
            return .refused(.refusal(error), route: match.index)
        }
    }

    // MARK: The whole request

    func respond(to request: InboundRequest, on match: RouteTable.Match, reply: @escaping (Reply) -> Void) {
        guard let tracer, let trace = tracer.begin(request.head) else {
            return respond(to: request, on: match, nil, reply)
        }
        respond(to: request, on: match, trace) { answer in
            tracer.end(trace, request.head, path: match.route.path, answer)
            reply(answer)
        }
    }

    private func respond(
        to request: InboundRequest,
        on match: RouteTable.Match,
        _ trace: Tracer.Request?,
        _ reply: @escaping (Reply) -> Void
    ) {
        let lane = lanes[match.index]
        // A follow-up address is its own credential: sipgate does not repeat user and password there.
        if let followUp = match.followUp, lane.followUps != .credentials {
            do throws(Rejection) {
                let webhook = try lane.provider.decode(request)
                if webhook.isVouchedFor(by: followUp) {
                    trace?.admit()
                    return accept(webhook, request.head, by: .token, on: lane, trace, reply)
                }
                if lane.followUps == .token { return reply(.refusal(.tokenWrong)) }
            } catch {
                if lane.followUps == .token { return reply(.refusal(error)) }
            }
        }
        let verdict = authenticator.evaluate(
            request.head.headers,
            client: request.head.client,
            allowed: match.route.users,
            now: eventLoop.now
        )
        proceed(verdict, with: request, on: lane, trace, reply)
    }

    private func proceed(
        _ verdict: Verdict,
        with request: InboundRequest,
        on lane: Lane,
        _ trace: Tracer.Request?,
        _ reply: @escaping (Reply) -> Void
    ) {
        switch verdict {
        case .admit(let user):
            trace?.admit()
            do throws(Rejection) {
                accept(
                    try lane.provider.decode(request),
                    request.head,
                    by: .password(user: user),
                    on: lane,
                    trace,
                    reply
                )
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
                case .success(let verdict): self.proceed(verdict, with: request, on: lane, trace, reply)
                // A verdict never fails; should it all the same, the sender still gets an answer.
                case .failure: reply(.refusal(.overloaded))
                }
            }
        }
    }

    /// Everything is known to be good: make the events facts, ask who is to be asked, and answer only when the events
    /// are where they belong.
    private func accept(
        _ webhook: any Webhook,
        _ head: RequestHead,
        by proof: RequestOrigin.Proof,
        on lane: Lane,
        _ trace: Tracer.Request?,
        _ reply: @escaping (Reply) -> Void
    ) {
        switch webhook.takeIn(at: head.arrival) {
        case .repetition(let earlier):
            log.repeated(on: lane.route)
            accepted.repeated(route: lane.index)
            reply(earlier)
        case .events(let drafts, let asks):
            let source = EventSource(head, by: proof, trace)
            let events = drafts.map { event(of: $0, at: head.arrival, on: lane, source) }
            guard asks, let (inquirer, deadline) = lane.inquiry, let first = events.first else {
                return place(events, on: lane, trace) { refusal in
                    self.finish(webhook, refusal, nil, at: head.arrival, source, on: lane, reply)
                }
            }
            // Side by side: the reply waits for both, and for the decision no longer than the caller may.
            let deliberation = Deliberation { refusal, answer in
                self.finish(webhook, refusal, answer, at: head.arrival, source, on: lane, reply)
            }
            place(events, on: lane, trace) { deliberation.placed($0) }
            let begin = eventLoop.now
            let question = trace.map { (context: $0.context.child, start: Span.now()) }
            let until = end(of: deadline, since: head.arrival)
            inquirer.ask(first, until: until, trace: question?.context.text) { answer in
                let time = Int((self.eventLoop.now - begin).nanoseconds)
                self.accepted.asked(answer, nanoseconds: time, route: lane.index)
                if let trace, let question {
                    self.decided(answer, by: lane, in: trace, as: question.context, since: question.start)
                }
                deliberation.answered(answer)
            }
        }
    }

    /// Answers, and keeps how the answer came about.
    private func finish(
        _ webhook: any Webhook,
        _ refusal: Reply?,
        _ answer: InquiryAnswer?,
        at arrival: Timestamp,
        _ source: EventSource,
        on lane: Lane,
        _ reply: (Reply) -> Void
    ) {
        if let refusal {
            webhook.withdraw()
            return reply(refusal)
        }
        let (good, note) = webhook.reply(to: answer, at: arrival)
        reply(good)
        guard let note else { return }
        // The caller does not wait for this one: should a crash lose it, only the record of a decision is lost.
        place([event(of: note, at: .now(), on: lane, source)], on: lane) { _ in }
    }

    func event(
        of draft: EventDraft,
        at time: Timestamp,
        on lane: Lane,
        _ source: EventSource?
    ) -> Event {
        Event(
            id: ids.next(at: time),
            source: lane.source,
            time: draft.time ?? time,
            draft: draft,
            trace: source?.context,
            client: source?.client,
            origin: source?.origin
        )
    }

    /// When a decision is of no use any more: the rest of the deadline is for the reply itself.
    private func end(of deadline: TimeAmount, since arrival: Timestamp) -> NIODeadline {
        let spent = TimeAmount.milliseconds(max(0, Timestamp.now().milliseconds - arrival.milliseconds))
        // A busy machine may stop everything for some tens of milliseconds.
        let reserve = TimeAmount.nanoseconds(min(100_000_000, deadline.nanoseconds / 8))
        return eventLoop.now + (deadline - spent - reserve)
    }

    /// A destination was asked, or the time for that is over.
    private func decided(
        _ answer: InquiryAnswer,
        by lane: Lane,
        in trace: Tracer.Request,
        as context: SpanContext,
        since start: Int64
    ) {
        let isMissing = if case .missing = answer { true } else { false }
        tracer?.record(
            "decide",
            .client,
            in: trace,
            as: context,
            since: start,
            [("http.request.method", .text("POST")), ("http.route", .text(lane.route.path))],
            error: isMissing ? "no_decision" : nil
        )
    }

    // MARK: Logs

    func loggable(_ target: String) -> String {
        guard let match = routes.match(target) else {
            // No route: the path as it came, without its query, and not for ever. In front of a host may stand a user
            // with a password (RFC 3986, section 3.2.1), so of a target with a host nothing is kept.
            let hasHost = !target.hasPrefix("/") || target.hasPrefix("//") && target.contains("@")
            if hasHost { return "-" }
            return log.personal.path(String(target.prefix { $0 != "?" }.prefix(100)), known: segments)
        }
        guard let followUp = match.followUp else { return match.route.path }
        return match.route.path + "/" + log.personal.path(String(followUp.kind.prefix(16)), known: segments)
    }
}

@available(*, unavailable)
extension IngestPipeline: Sendable {}
