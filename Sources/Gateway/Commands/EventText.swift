import Admin
import Journal
import NIOCore
import Webhooks

/// Events of a journal as text: tables for people, JSON for machines.
enum EventText {
    private static let columns = [("ACCEPTED", 24), ("ID", 36), ("TYPE", 13), ("CALL", 20)]

    /// A table with its head.
    static func table(_ records: [JournalRecord]) -> String {
        columns.map { pad($0.0, $0.1) }.joined(separator: "  ") + "  DELIVERIES\n" + rows(records)
    }

    /// The rows of the table.
    static func rows(_ records: [JournalRecord]) -> String {
        records.map { record in
            let event = record.entry.event
            let texts = [
                event.time.description, event.id.description, event.draft.type.name, event.draft.subject.escaped,
            ]
            let cells = zip(texts, columns).map { pad($0, $1.1) }.joined(separator: "  ")
            let deliveries = record.deliveries.map { "\($0.destination.escaped): \(short($0))" }
            return cells + "  " + (deliveries.isEmpty ? "-" : deliveries.joined(separator: ", ")) + "\n"
        }.joined()
    }

    /// Everything about one event.
    static func story(_ record: JournalRecord) -> String {
        let event = record.entry.event
        var text = ""
        func row(_ name: String, _ value: String) { text += pad(name, 10) + value + "\n" }
        row("id", event.id.description)
        row("type", event.draft.type.description)
        row("call", event.draft.subject.escaped)
        row("accepted", event.time.description)
        row("route", record.entry.route.escaped)
        if let trace = event.traceParent { row("trace", trace) }
        if let client = event.client { row("client", "\(client.subject) (\(client.fingerprint))".escaped) }
        if let origin = event.origin {
            row("request", "\(origin.id) from \(origin.client) to \(origin.connection.listener)".escaped)
            row("", "\(origin.connection.words); \(proof(origin.proof))".escaped)
        }
        row("data", String(buffer: event.draft.data).escaped)
        if record.deliveries.isEmpty { row("", "no destination wanted it") }
        for delivery in record.deliveries {
            text += "\n\(delivery.destination.escaped): \(long(delivery))\n"
            for attempt in delivery.history { text += "  \(line(attempt))\n" }
        }
        return text
    }

    /// One JSON object and a line feed.
    static func line(_ record: JournalRecord) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 1024) { json in json.record(record) }
        return String(buffer: buffer) + "\n"
    }

    /// Why a request was let in.
    static func proof(_ proof: RequestOrigin.Proof) -> String {
        switch proof {
        case .password(let user): "password of \(user)"
        case .token: "token of a follow-up address"
        }
    }

    private static func short(_ delivery: DeliveryStatus) -> String {
        switch delivery.detail {
        case "retry": "retry, \(delivery.attempts) so far"
        case "held": "held"
        case "line": "pending"
        default: delivery.state.rawValue
        }
    }

    static func long(_ delivery: DeliveryStatus) -> String {
        let attempts = delivery.attempts == 1 ? "1 attempt" : "\(delivery.attempts) attempts"
        return switch delivery.detail {
        case "retry": "pending, \(attempts), the next at \(delivery.due?.description ?? "any moment")"
        case "held": "pending, held until an earlier event of its call is settled"
        case "line": "pending, in line"
        case "dead": "dead after \(attempts): \(delivery.reason ?? "unknown")"
        default: "\(delivery.state.rawValue), \(attempts)"
        }
    }

    static func line(_ attempt: AttemptRecord) -> String {
        let status = attempt.status.map { " \($0)" } ?? ""
        let detail = attempt.detail.map { " (\($0))" } ?? ""
        return "\(attempt.number). \(attempt.time) \(attempt.outcome)\(status)\(detail) after \(attempt.latency) ms"
    }

    /// Fills up with blanks; longer text stays.
    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
