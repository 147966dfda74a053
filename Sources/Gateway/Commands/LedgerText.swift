import Journal
import NIOCore
import Webhooks

/// The ledger of a journal as text.
enum LedgerText {
    private static let titles = ["ACCEPTED", "DELIVERED", "PENDING", "DEAD", "EXPIRED", "DROPPED"]

    /// One row for each destination; a second one where rows and ledger differ.
    static func table(_ lines: [AuditLine]) -> String {
        let width = max(11, lines.map(\.destination.count).max() ?? 0)
        var text = EventText.pad("DESTINATION", width) + titles.map(right).joined() + "\n"
        for line in lines {
            text += row(line.destination.escaped, line.ledger, width)
            if line.ledger != line.counted { text += row("  counted:", line.counted, width) }
            for problem in line.problems { text += "  \(problem)\n" }
        }
        return text
    }

    private static func row(_ title: String, _ counts: AuditLine.Counts, _ width: Int) -> String {
        let numbers = [
            counts.accepted, counts.delivered, counts.pending, counts.dead, counts.expired, counts.dropped,
        ]
        return EventText.pad(title, width) + numbers.map { right("\($0)") }.joined() + "\n"
    }

    private static func right(_ text: String) -> String {
        String(repeating: " ", count: max(2, 11 - text.count)) + text
    }

    /// One JSON object and a line feed.
    static func json(_ lines: [AuditLine]) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 512) { json in
            json.object { json in
                json.field("sound", lines.allSatisfy(\.isSound))
                json.name("destinations")
                json.array { json in
                    for line in lines { write(line, &json) }
                }
            }
        }
        return String(buffer: buffer) + "\n"
    }

    private static func write(_ line: AuditLine, _ json: inout JSONWriter) {
        json.object { json in
            json.field("name", line.destination)
            json.field("sound", line.isSound)
            write(line.ledger, &json)
            if line.ledger != line.counted {
                json.name("counted")
                json.object { json in write(line.counted, &json) }
            }
            if !line.problems.isEmpty {
                json.name("problems")
                json.array { json in
                    for problem in line.problems { json.string(problem) }
                }
            }
        }
    }

    private static func write(_ counts: AuditLine.Counts, _ json: inout JSONWriter) {
        json.field("accepted", counts.accepted)
        json.field("delivered", counts.delivered)
        json.field("pending", counts.pending)
        json.field("dead", counts.dead)
        json.field("expired", counts.expired)
        json.field("dropped", counts.dropped)
    }
}
