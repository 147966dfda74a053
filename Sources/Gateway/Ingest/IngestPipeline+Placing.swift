import Delivery
import Journal
import NIOCore
import Webhooks

/// Where events go: into the journal, or at once to the destinations.
extension IngestPipeline {
    /// Keeps events that no push brought: they follow from time alone.
    ///
    /// - Returns: completes when they are durable.
    func keep(_ drafts: [EventDraft], at time: Timestamp, onRoute index: Int) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        guard let journal else {
            promise.succeed()
            return promise.futureResult
        }
        let events = drafts.map { event(of: $0, at: time, on: lanes[index], nil) }
        promise.futureResult.assumeIsolated().whenSuccess { self.note(events, on: self.lanes[index]) }
        journal.append(events.map { entry($0, on: routes[index]) }, promise: promise)
        return promise.futureResult
    }

    /// Sends an event of our own: through the journal where there is one, else once.
    ///
    /// - Returns: completes when the journal has it, or every destination has answered.
    func tell(_ draft: EventDraft, at time: Timestamp, to places: [Int], as route: String) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let event = Event(id: ids.next(at: time), source: publicURL, time: time, draft: draft)
        if let journal {
            journal.append(
                [NewEntry(event: event, route: route, destinations: DestinationSet(places))],
                promise: promise
            )
            return promise.futureResult
        }
        let forwarding = Forwarding { _ in promise.succeed() }
        for place in places {
            forwarding.begin()
            forwarder.forward(event, to: place) { outcome in
                self.log.attempted(event, route: route, destination: place, outcome: outcome)
                forwarding.end(outcome)
            }
        }
        forwarding.allBegun()
        return promise.futureResult
    }

    private func entry(_ event: Event, on route: Route) -> NewEntry {
        var wanting = DestinationSet()
        for place in route.destinations where forwarder.wants(event, place) { wanting.insert(place) }
        return NewEntry(event: event, route: route.path, destinations: wanting)
    }

    /// Events are where they belong: counts and logs them.
    func note(_ events: [Event], on lane: Lane) {
        accepted.note(events, route: lane.index)
        log.accepted(events, on: lane.route)
    }

    /// Makes the events durable, or sends them on where nothing is stored.
    func place(
        _ events: [Event],
        on lane: Lane,
        _ trace: Tracer.Request? = nil,
        _ complete: @escaping (Reply?) -> Void
    ) {
        if lane.isDurable, let journal {
            guard let tracer, let trace else { return keep(events, on: lane, in: journal, complete) }
            let start = Span.now()
            keep(events, on: lane, in: journal) { refusal in
                let attributes: [(name: String, value: Span.Value)] = [("hookgate.events", .number(events.count))]
                let error = refusal?.reason?.rawValue
                tracer.record("journal commit", .local, in: trace, since: start, attributes, error: error)
                complete(refusal)
            }
        } else {
            forward(events, on: lane, complete)
        }
    }

    /// Makes the events durable; the dispatchers deliver them from there.
    ///
    /// Calls `complete` with nil once a synced commit holds them, else with the reply that says that nothing was kept.
    private func keep(
        _ events: [Event],
        on lane: Lane,
        in journal: any EventJournal,
        _ complete: @escaping (Reply?) -> Void
    ) {
        let entries = events.map { entry($0, on: lane.route) }
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                self.note(events, on: lane)
                complete(nil)
            case .failure(let error):
                complete((error as? JournalError)?.refusal ?? .refusal(.journalUnavailable))
            }
        }
        journal.append(entries, promise: promise)
    }

    /// Hands every event to every destination that wants it, side by side.
    ///
    /// Calls `complete` with nil when all have taken it, else with the reply that says so.
    private func forward(_ events: [Event], on lane: Lane, _ complete: @escaping (Reply?) -> Void) {
        let forwarding = Forwarding { refusal in
            if refusal == nil { self.note(events, on: lane) }
            complete(refusal)
        }
        for event in events {
            for index in lane.route.destinations where forwarder.wants(event, index) {
                forwarding.begin()
                let begin = eventLoop.now
                let trace = attempts?.begin(event)
                forwarder.forward(event, to: index, trace: trace) { outcome in
                    self.log.attempted(event, route: lane.route.path, destination: index, outcome: outcome)
                    if let trace { self.attempted(event, to: index, trace, since: begin, outcome) }
                    forwarding.end(outcome)
                }
            }
        }
        forwarding.allBegun()
    }

    private func attempted(
        _ event: Event,
        to index: Int,
        _ trace: String,
        since begin: NIODeadline,
        _ outcome: AttemptOutcome
    ) {
        let ended = AttemptTrace.Ended(
            event: event,
            destination: log.destinations[index],
            number: 1,
            milliseconds: Int((eventLoop.now - begin).nanoseconds / 1_000_000),
            outcome: outcome
        )
        attempts?.end(trace, ended)
    }
}
