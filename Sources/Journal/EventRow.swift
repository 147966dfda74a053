import NIOCore
import Webhooks

/// A row of `event` as it is read back.
enum EventRow {
    /// The columns that `read` expects, in its order.
    static let columns = "position, kind, audience, time, checksum, id, subject, traceparent, data"

    /// The event in the present row of a statement; nil when it, its kind or its audience is damaged.
    static func read(_ statement: PreparedStatement, _ kinds: KindTable, _ audiences: AudienceTable) -> JournalEntry? {
        guard let kind = kinds[statement.integer(1)], let audience = audiences.checksum(of: statement.integer(2)),
            isIntact(statement, kind: kind.checksum, audience: audience)
        else { return nil }
        let id = statement.bytes(5)
        guard id.count == 16 else { return nil }
        let high = UInt64(bigEndian: id.loadUnaligned(as: UInt64.self))
        let low = UInt64(bigEndian: id.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let origin = EventOrigin(statement.isNull(7) ? nil : statement.text(7))
        let event = Event(
            id: EventID(high: high, low: low),
            source: kind.source,
            time: Timestamp(milliseconds: statement.integer(3)),
            draft: EventDraft(
                type: kind.type,
                subject: statement.text(6),
                data: ByteBuffer(bytes: statement.bytes(8))
            ),
            trace: origin.trace,
            client: origin.client
        )
        return JournalEntry(position: JournalPosition(statement.integer(0)), event: event, route: kind.route)
    }

    /// Whether a row says what was written into it, with this kind and this audience.
    static func isIntact(_ statement: PreparedStatement, kind: Int64, audience: Int64) -> Bool {
        var checksum = checksum(
            position: statement.integer(0),
            kind: kind,
            audience: audience,
            time: statement.integer(3)
        )
        for column: Int32 in 5...8 { checksum.mix(statement.bytes(column)) }
        return checksum.value == statement.integer(4)
    }

    /// The beginning of a row's checksum; id, subject, origin and data follow.
    static func checksum(position: Int64, kind: Int64, audience: Int64, time: Int64) -> Checksum {
        var checksum = Checksum(position)
        checksum.mix(kind)
        checksum.mix(audience)
        checksum.mix(time)
        return checksum
    }
}
