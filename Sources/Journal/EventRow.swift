import NIOCore
import Webhooks

/// A row of `event` as it is read back.
enum EventRow {
    /// The columns that `read` expects, in its order.
    static let columns = "position, kind, audience, time, checksum, id, subject, traceparent, data"

    /// The event in the present row of a statement; nil when it is damaged or of an unknown kind.
    static func read(_ statement: PreparedStatement, kinds: KindTable) -> JournalEntry? {
        let position = statement.integer(0)
        let time = statement.integer(3)
        var checksum = Checksum(position)
        checksum.mix(statement.integer(1))
        checksum.mix(statement.integer(2))
        checksum.mix(time)
        let id = statement.bytes(5)
        guard id.count == 16 else { return nil }
        checksum.mix(id)
        let high = UInt64(bigEndian: id.loadUnaligned(as: UInt64.self))
        let low = UInt64(bigEndian: id.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let subject = statement.bytes(6)
        checksum.mix(subject)
        let subjectText = String(decoding: subject, as: UTF8.self)
        let data = statement.bytes(8)
        checksum.mix(data)
        guard checksum.value == statement.integer(4), let kind = kinds[statement.integer(1)] else { return nil }
        let event = Event(
            id: EventID(high: high, low: low),
            source: kind.source,
            time: Timestamp(milliseconds: time),
            draft: EventDraft(type: kind.type, subject: subjectText, data: ByteBuffer(bytes: data)),
            traceParent: statement.isNull(7) ? nil : statement.text(7)
        )
        return JournalEntry(position: JournalPosition(position), event: event, route: kind.route)
    }
}
