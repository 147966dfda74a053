import Journal
import Sipgate
import Webhooks

extension Story {
    /// What is known of a request that was accepted; nil without events.
    ///
    /// - Parameters:
    ///   - records: the events that it brought, in order, with their histories.
    ///   - names: of the certificates that are served.
    init?(_ records: [JournalRecord], _ names: ServedNames) {
        guard let first = records.first else { return nil }
        let events = records.map(\.entry.event)
        let origin = events.lazy.compactMap(\.origin).first
        self.init(kind: "request", id: origin?.id, time: first.entry.event.time, outcome: "accepted")
        self.events = events.map(\.id)
        let decided = SentReply.decided(events)
        let xml = SentReply.xml(events)
        // What time brought had no request, and no reply.
        if let origin {
            status = xml == nil ? nil : 200
            addRequest(origin, first, names)
        } else if xml == nil {
            add(.note, "origin", "no push: it follows from what was known of the call")
        } else {
            add(.unknown, "origin", "the journal says nothing of the request: an earlier version kept the event")
        }
        for record in records where record.entry.event.id != decided?.event.id { addEvent(record) }
        if let decided { addDecision(decided.event, decided.how, since: first.entry.event.time) }
        if let xml { add(.passed, "reply", "200, tokens left out", xml.split(separator: "\n").map(String.init)) }
        for record in records { addDeliveries(record, names: records.count > 1) }
    }

    private mutating func addRequest(_ origin: RequestOrigin, _ first: JournalRecord, _ names: ServedNames) {
        let event = first.entry.event
        addConnection(
            listener: origin.connection.listener,
            client: origin.client,
            origin.connection,
            certificate: event.client,
            names
        )
        let isFollowUp = origin.proof == .token
        for check in Check.walk(isFollowUp: isFollowUp) where check != .kept {
            let text =
                switch check {
                case .framing: check.good
                case .route: first.entry.route
                case .credentials: EventText.proof(origin.proof)
                case .signature: SentReply.signature(event) ?? "nobody looked"
                default: check.good
                }
            add(.passed, check.title, text)
        }
        if let trace = event.traceParent { add(.note, "trace", trace) }
    }

    private mutating func addEvent(_ record: JournalRecord) {
        let event = record.entry.event
        add(.passed, "event", "\(event.draft.type.name) \(event.id), of leg \(event.draft.subject.escaped)")
    }

    private mutating func addDecision(_ event: Event, _ how: SentReply.Decided, since begin: Timestamp) {
        let time = max(0, event.time.milliseconds - begin.milliseconds)
        let who =
            switch how.by {
            case "destination": "by \(how.asked ?? "the destination")"
            case "rule": "by the rule \((how.rule ?? "").quoted)"
            default: "by the fallback"
            }
        let asked = how.asked.map { "asked: \($0)" } ?? "nobody was asked"
        let result: Result = how.problem == nil ? .passed : .failed
        var details = [asked]
        if let problem = how.problem { details.append("no use: \(problem.escaped)") }
        add(result, "decision", "\(who), after \(time) ms", details + ["event \(event.id)"])
    }

    private mutating func addDeliveries(_ record: JournalRecord, names: Bool) {
        let type = names ? "\(record.entry.event.draft.type.name) to " : ""
        if record.deliveries.isEmpty, !names { add(.note, "delivery", "no destination wants it") }
        for delivery in record.deliveries {
            let result: Result =
                switch delivery.state {
                case .delivered: .passed
                case .dead, .expired: .failed
                case .pending, .dropped: .note
                }
            var details = delivery.history.map { EventText.line($0).escaped }
            if let (meaning, toDo) = advice(delivery) {
                details.append(meaning)
                let line = "\(delivery.destination.escaped): \(toDo)"
                if remedy?.contains(line) != true { remedy = remedy.map { "\($0) \(line)" } ?? line }
            }
            add(result, "delivery", "\(type)\(delivery.destination.escaped): \(EventText.long(delivery))", details)
        }
    }

    /// What its last attempt means, and what to do about it; nil when it is settled well, or was never tried.
    private func advice(_ delivery: DeliveryStatus) -> (meaning: String, remedy: String)? {
        guard delivery.state == .pending || delivery.state == .dead, let last = delivery.history.last,
            var advice = StableWords.advice(last.outcome, detail: last.detail, status: last.status)
        else { return nil }
        if delivery.state == .dead {
            advice.remedy += " Then: hookgate events retry --state dead --destination \(delivery.destination.escaped)"
        }
        return advice
    }
}
