import Foundation
import GRDB
import NIOCore
import Webhooks

/// One consistent look at the file: what the small tables say, and the search through the events.
struct JournalScan {
    /// Where a search starts, and which way it goes; the position itself is not part of it.
    enum Start {
        case up(Int64)
        case down(Int64)
    }

    private struct Kind {
        let route: String
        let source: String
        let type: EventType
    }

    struct Standing {
        let id: Int64
        let name: String
        let cursor: Int64
        /// Delivered beyond the cursor.
        var receipts: Set<Int64>
    }

    let database: Database
    private let kinds: [Int64: Kind]
    /// Destinations by their id in the file.
    let standings: [Int64: Standing]
    /// The destinations' ids by audience, ascending.
    let audiences: [Int64: [Int64]]

    /// How much to read.
    enum Reading {
        /// Names, sets and cursors.
        case names
        /// Also which entries beyond the cursors were delivered.
        case states
    }

    init(_ database: Database, reading: Reading = .states) throws {
        self.database = database
        kinds = try Row.fetchAll(database, sql: "SELECT id, route, source, namespace, name FROM kind")
            .reduce(into: [:]) { kinds, row in
                kinds[row.value(0)] = Kind(
                    route: row.value(1),
                    source: row.value(2),
                    type: EventType(namespace: row.value(3), name: row.value(4))
                )
            }
        standings = try Row.fetchAll(database, sql: "SELECT id, name, cursor FROM destination")
            .reduce(into: [:]) { standings, row in
                let id: Int64 = row.value(0)
                let cursor: Int64 = row.value(2)
                let receipts =
                    reading == .names ? [] : try JournalScan.receipts(database, destination: id, after: cursor)
                standings[id] = Standing(id: id, name: row.value(1), cursor: cursor, receipts: receipts)
            }
        audiences = try Row.fetchAll(database, sql: "SELECT id, destinations FROM audience")
            .reduce(into: [:]) { audiences, row in
                audiences[row.value(0)] = AudienceTable.members(row.value(1))
            }
    }

    // MARK: Searching

    /// What a filter lets through, at most `limit` of it.
    func records(_ filter: JournalFilter, from start: Start, limit: Int) throws -> [JournalRecord] {
        guard let (condition, arguments) = condition(filter) else { return [] }
        let (comparison, order, position) =
            switch start {
            case .up(let position): (">", "ASC", position)
            case .down(let position): ("<", "DESC", position)
            }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT position, id, time, kind, audience, subject, traceparent, data FROM event
                WHERE position \(comparison) ? AND \(condition) ORDER BY position \(order)
                """,
            arguments: [position] + arguments
        )
        var records: [JournalRecord] = []
        while records.count < limit, let row = try rows.next() {
            guard let entry = entry(row), let ids = audiences[row.value("audience") as Int64] else { continue }
            let deliveries = try deliveries(of: entry.position.value, to: ids)
            let matches = deliveries.contains { delivery in
                (filter.destination ?? delivery.destination) == delivery.destination
                    && (filter.state ?? delivery.state) == delivery.state
            }
            if matches || (ids.isEmpty && filter.destination == nil && filter.state == nil) {
                records.append(JournalRecord(entry: entry, deliveries: deliveries))
            }
        }
        return records
    }

    /// The part of a filter that the tables can decide; nil when it lets nothing through.
    func condition(_ filter: JournalFilter) -> (sql: String, arguments: StatementArguments)? {
        var parts = ["1"]
        var arguments = StatementArguments()
        if let id = filter.id {
            guard let id = EventID(id) else { return nil }
            parts.append("id = ?")
            arguments += [id.bytes]
        }
        if filter.route != nil || filter.type != nil {
            let ids = kinds.filter { kind in
                (filter.route ?? kind.value.route) == kind.value.route
                    && (filter.type ?? kind.value.type.name) == kind.value.type.name
            }
            parts.append("kind IN (\(list(ids.keys)))")
        }
        if let call = filter.call {
            parts.append("subject = ?")
            arguments += [call]
        }
        if let since = filter.since {
            parts.append("time >= ?")
            arguments += [since]
        }
        if let text = filter.text {
            parts.append("instr(data, CAST(? AS BLOB)) > 0")
            arguments += [text]
        }
        var wanted = Array(standings.values)
        if let name = filter.destination {
            wanted.removeAll { $0.name != name }
            let ids = audiences.filter { audience in wanted.contains { audience.value.contains($0.id) } }
            parts.append("audience IN (\(list(ids.keys)))")
        }
        let places = list(wanted.map(\.id))
        switch filter.state {
        case .pending:
            let cursor = wanted.map(\.cursor).min() ?? .max
            parts.append(
                """
                (position > \(cursor) OR position IN
                    (SELECT position FROM delivery WHERE destination IN (\(places)) AND state IN ('retry', 'held')))
                """
            )
        case .dead, .expired, .dropped:
            parts.append(
                "position IN (SELECT position FROM delivery WHERE destination IN (\(places)) AND state = ?)"
            )
            arguments += [filter.state?.rawValue]
        case .delivered, nil:
            break
        }
        return (parts.joined(separator: " AND "), arguments)
    }

    private func list(_ ids: some Sequence<Int64>) -> String {
        ids.map(String.init).joined(separator: ", ")
    }

    func entry(_ row: Row) -> JournalEntry? {
        guard let kind = kinds[row.value("kind")], let id = EventID(bytes: row.value("id")) else { return nil }
        let data: Data = row.value("data")
        let draft = EventDraft(type: kind.type, subject: row.value("subject"), data: ByteBuffer(bytes: data))
        let origin = EventOrigin(row.optional("traceparent"))
        let event = Event(
            id: id,
            source: kind.source,
            time: Timestamp(milliseconds: row.value("time")),
            draft: draft,
            trace: origin.trace,
            client: origin.client,
            origin: origin.origin
        )
        return JournalEntry(position: JournalPosition(row.value("position")), event: event, route: kind.route)
    }

    // MARK: States

    private func deliveries(of position: Int64, to ids: [Int64]) throws -> [DeliveryStatus] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT destination, state, due, attempts, reason FROM delivery WHERE position = ?",
            arguments: [position]
        )
        return ids.compactMap { id in
            guard let standing = standings[id] else { return nil }
            if let row = rows.first(where: { $0.value("destination") == id }) {
                let word: String = row.value("state")
                let due: Int64? = row.optional("due")
                return DeliveryStatus(
                    destination: standing.name,
                    state: DeliveryState(rawValue: word) ?? .pending,
                    detail: word,
                    due: due.map(Timestamp.init(milliseconds:)),
                    reason: row.optional("reason"),
                    attempts: row.value("attempts")
                )
            }
            let isDelivered = position <= standing.cursor || standing.receipts.contains(position)
            return DeliveryStatus(
                destination: standing.name,
                state: isDelivered ? .delivered : .pending,
                detail: isDelivered ? "delivered" : "line",
                attempts: isDelivered ? 1 : 0
            )
        }
    }

    /// The record with every attempt that is on record.
    func withHistory(_ record: JournalRecord) throws -> JournalRecord {
        let position = record.entry.position.value
        let deliveries = try record.deliveries.map { delivery in
            guard let id = standings.values.first(where: { $0.name == delivery.destination })?.id else {
                return delivery
            }
            var delivery = delivery
            let failures = try Row.fetchAll(
                database,
                sql: """
                    SELECT number, time, latency, outcome, detail, status FROM attempt
                    WHERE position = ? AND destination = ?
                    """,
                arguments: [position, id]
            ).map { row in
                AttemptRecord(
                    number: row.value(0),
                    time: Timestamp(milliseconds: row.value(1)),
                    latency: row.value(2),
                    outcome: row.value(3),
                    detail: row.optional(4),
                    status: row.optional(5)
                )
            }
            let successes = try Row.fetchAll(
                database,
                sql: "SELECT first, time, entries FROM receipt WHERE destination = ? AND last >= ? AND first <= ?",
                arguments: [id, position, position]
            ).flatMap { row in
                Receipt.attempts(of: position, first: row.value(0), time: row.value(1), entries: row.value(2))
            }
            delivery.history = (failures + successes).sorted { ($0.number, $0.time) < ($1.number, $1.time) }
            delivery.attempts = max(delivery.attempts, delivery.history.last?.number ?? 0)
            return delivery
        }
        return JournalRecord(entry: record.entry, deliveries: deliveries)
    }

    private static func receipts(_ database: Database, destination: Int64, after cursor: Int64) throws -> Set<Int64> {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT first, last, checksum, entries FROM receipt WHERE destination = ? AND last > ?",
            arguments: [destination, cursor]
        )
        var positions: Set<Int64> = []
        while let row = try rows.next() {
            for entry in Receipt.intact(row, destination: destination) where entry.position > cursor {
                positions.insert(entry.position)
            }
        }
        return positions
    }
}

extension EventID {
    /// The 16 bytes of RFC 9562, section 5.7, as a column holds them.
    var bytes: Data {
        var bytes = Data(capacity: 16)
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }

    /// Nil when they are not 16.
    init?(bytes: Data) {
        guard bytes.count == 16 else { return nil }
        func word(_ bytes: Data) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: word(bytes.prefix(8)), low: word(bytes.suffix(8)))
    }
}
