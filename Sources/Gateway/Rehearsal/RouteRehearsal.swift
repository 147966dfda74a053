import Delivery
import Journal
import NIOCore
import Sipgate
import Webhooks

/// One route of another configuration, through which recorded events go.
final class RouteRehearsal {
    /// A push of which it is not known yet what was decided.
    private struct Open {
        let id: EventID
        let time: Timestamp
        let verdict: Rehearsal.Verdict
        let address: String
    }

    private let route: RouteConfiguration
    private let destinations: [Destination]
    private let address: String
    private let rehearsal: Rehearsal
    /// By push and leg.
    private var open: [String: Open] = [:]
    private var directions: [String: String] = [:]
    /// Questions that nobody was asked.
    private(set) var questions: [String: Int] = [:]

    init(_ route: RouteConfiguration, of configuration: GatewayConfiguration) {
        self.route = route
        destinations = route.destinations.compactMap { name in
            configuration.destinations.first { $0.name == name }
        }
        address = configuration.publicURL + route.path
        rehearsal = Rehearsal(route.calls.route(knowing: SharedCallTracker()))
    }

    /// Takes in the next event of the route, and gives each difference with the event that it is about.
    func take(
        _ record: JournalRecord,
        expired: (JournalRecord) throws -> JournalRecord?,
        _ found: (Difference, EventID, Timestamp) -> Void
    ) rethrows {
        let event = record.entry.event
        let type = event.draft.type.name
        let data = try? JSONReader.read(event.draft.data, limits: .init(bytes: 1 << 20, depth: 16, items: 4096))
        if let direction = data?["direction"]?.text { directions[event.draft.subject] = direction }
        var isMade = true
        if let push = rehearsal.push(type: type, data: event.draft.data, at: event.time) {
            let key = "\(push.event) \(push.leg)"
            close(key, nil, found)
            if case .asked(let name, _) = push.verdict { questions[name, default: 0] += 1 }
            open[key] = Open(id: event.id, time: event.time, verdict: push.verdict, address: event.source)
        } else if type == "call.decided", let decided = Rehearsal.Record(event.draft.data) {
            isMade = open["\(decided.event) \(decided.leg)"].map { $0.verdict != .nobody } ?? true
            rehearsal.note(decided)
            close("\(decided.event) \(decided.leg)", decided, found)
        } else if let kind = DerivedEvent.Kind(rawValue: type) {
            isMade = route.calls.tracks && route.calls.derives.contains(kind)
        }
        guard isMade else {
            let difference = difference(.event, type, "was accepted", "would not come to be")
            return found(difference, event.id, event.time)
        }
        compareDeliveries(record, direction: directions[event.draft.subject], found)
        try compareExpiry(record, expired, found)
    }

    /// Ends with what nothing was decided about.
    func end(_ found: (Difference, EventID, Timestamp) -> Void) {
        for key in open.keys.sorted() { close(key, nil, found) }
    }

    // MARK: Decisions

    private func close(
        _ key: String,
        _ record: Rehearsal.Record?,
        _ found: (Difference, EventID, Timestamp) -> Void
    ) {
        guard let push = open.removeValue(forKey: key) else { return }
        // What was erased cannot be compared.
        if let record, record.decision == nil { return }
        let type = key.hasPrefix("dtmf") ? "call.digits" : "call.started"
        let before = record?.words ?? "nobody decided"
        switch push.verdict.compared(to: record) {
        case .same:
            return
        case .decider:
            found(difference(.decision, type, before, push.verdict.words), push.id, push.time)
        case .reply(let decision):
            var change = difference(.reply, type, before, push.verdict.words)
            change.replyBefore = Rehearsal.reply(record?.decision ?? .proceed, at: push.address)
            change.replyAfter = decision.map { Rehearsal.reply($0, at: address) }
            found(change, push.id, push.time)
        }
    }

    // MARK: Deliveries

    private func compareDeliveries(
        _ record: JournalRecord,
        direction: String?,
        _ found: (Difference, EventID, Timestamp) -> Void
    ) {
        let event = record.entry.event
        let type = event.draft.type.name
        let wanting = destinations.filter { $0.wanted.includes(type: type, direction: direction) }
        let before = Set(record.deliveries.map(\.destination))
        let after = Set(wanting.map(\.name))
        guard before != after else { return }
        func list(_ names: Set<String>) -> String {
            names.isEmpty ? "to nobody" : "to " + names.sorted().map(\.escaped).joined(separator: ", ")
        }
        found(difference(.delivery, type, list(before), list(after)), event.id, event.time)
    }

    private func compareExpiry(
        _ record: JournalRecord,
        _ history: (JournalRecord) throws -> JournalRecord?,
        _ found: (Difference, EventID, Timestamp) -> Void
    ) rethrows {
        let event = record.entry.event
        let type = event.draft.type.name
        for delivery in record.deliveries {
            guard let destination = destinations.first(where: { $0.name == delivery.destination }) else { continue }
            let limit = destination.expiry[type]
            switch (delivery.state, limit) {
            case (.expired, nil):
                let change = difference(.expiry, type, "expired for \(destination.name)", "would be sent, however late")
                found(change, event.id, event.time)
            case (.delivered, let limit?):
                let attempts = try history(record)?.deliveries.first { $0.destination == destination.name }?.history
                // The first attempt: from then on it is no longer the event's age that counts, but the receiver.
                guard let first = attempts?.first else { continue }
                let age = first.time.milliseconds - event.time.milliseconds
                guard age > limit.nanoseconds / 1_000_000 else { continue }
                found(
                    difference(.expiry, type, "sent late to \(destination.name)", "would have expired"),
                    event.id,
                    event.time
                )
            default:
                continue
            }
        }
    }

    private func difference(_ kind: Difference.Kind, _ type: String, _ before: String, _ after: String) -> Difference {
        Difference(kind: kind, route: route.path, type: type, before: before, after: after)
    }
}
