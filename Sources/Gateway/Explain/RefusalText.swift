import Admin
import Journal
import NIOCore
import Webhooks

/// Refusals as a table for people, and as JSON for machines.
enum RefusalText {
    private static let columns = [("TIME", 24), ("ID", 12), ("STATUS", 6), ("REASON", 24), ("CLIENT", 15)]

    static func table(_ refusals: [KeptRefusal]) -> String {
        var text = columns.map { EventText.pad($0.0, $0.1) }.joined(separator: "  ") + "  WHAT\n"
        for record in refusals.map(\.record) {
            let reason = record.kind == .request ? record.reason : "\(record.kind.rawValue) \(record.reason)"
            let cells = [
                record.time.description, record.id.description, record.status.map(String.init) ?? "-", reason,
                record.client,
            ]
            text += zip(cells, columns).map { EventText.pad($0, $1.1) }.joined(separator: "  ")
            text += "  \(what(record))\n"
        }
        return text
    }

    private static func what(_ record: RefusalRecord) -> String {
        var parts = [record.method.map { "\($0) \(record.target ?? "-")" } ?? record.listener]
        if let field = record.field { parts.append("field \(field.quoted)") }
        if let offset = record.offset { parts.append("byte \(offset)") }
        if let call = record.call { parts.append("call \(call.escaped)") }
        if let detail = record.detail { parts.append(detail.escaped) }
        if record.more > 0 { parts.append("and \(grouped(record.more)) more like this") }
        return parts.joined(separator: ", ")
    }

    /// One JSON object and a line feed.
    static func line(_ refusal: KeptRefusal) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 1024) { $0.refusal(refusal) }
        return String(buffer: buffer) + "\n"
    }
}
