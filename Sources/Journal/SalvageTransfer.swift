import Foundation
import GRDB
import Webhooks

/// Copies the rows of a damaged file into a new one, past those that cannot be read.
///
/// Rows that are found in two places of the file, in a table and in an index, may say two things after damage; the
/// checksums of the rows that depend on them say which is right.
struct SalvageTransfer {
    private let old: Database
    private let new: Database
    /// Events that were saved.
    private(set) var events = 0
    /// Positions between the first and the last saved event at which there is none.
    private(set) var missing = 0

    /// More rows than a page holds, one after the other, that make no sense.
    private let mostStrays = 1000

    init(old: Database, new: Database) {
        self.old = old
        self.new = new
    }

    /// Copies everything, in an open transaction on the new file.
    mutating func run() throws {
        try copyDestinations()
        try copyEvents()
        try copy(
            "delivery",
            [
                "destination", "position", "subject", "state", "replay", "claimed", "due", "attempts", "changed",
                "reason",
            ]
        )
        try copy("attempt", ["position", "destination", "number", "time", "latency", "outcome", "detail", "status"])
        try copy("receipt", ["destination", "last", "first", "serial", "time", "checksum", "entries"])
        try Receipt.removeDamaged(new)
        try copy("request", ["id", "time", "action", "filter", "resume", "done", "total", "finished", "problem"])
        try copy("activity", ["route", "hour", "pushes"])
        try new.execute(sql: "DELETE FROM delivery WHERE position NOT IN (SELECT position FROM event)")
        try new.execute(sql: "DELETE FROM attempt WHERE position NOT IN (SELECT position FROM event)")
        // Held events whose first one is gone would wait for ever.
        try new.execute(
            sql: """
                UPDATE delivery SET state = 'retry', due = changed WHERE state = 'held' AND replay = 0 AND NOT EXISTS (
                    SELECT 1 FROM delivery AS earlier
                    WHERE earlier.destination = delivery.destination AND earlier.subject = delivery.subject
                        AND earlier.position < delivery.position AND earlier.state IN ('retry', 'held')
                        AND earlier.replay = 0
                )
                """
        )
        try recount()
    }

    // MARK: Small tables

    /// All rows that can be read: in both directions, by an index that holds them whole, and from the spare ones.
    private func rows(_ table: String, _ columns: String, key: String, index: String? = nil) -> [Row] {
        var rows: [Row] = index == nil ? [] : spareRows(table, columns)
        for order in [key, key + " DESC", index].compactMap(\.self) {
            do {
                let cursor = try Row.fetchCursor(old, sql: "SELECT \(columns) FROM \(table) ORDER BY \(order)")
                while let row = try cursor.next() { rows.append(row.copy()) }
            } catch {
                continue
            }
        }
        return rows
    }

    private func spareRows(_ table: String, _ columns: String) -> [Row] {
        let names = columns.split(separator: ", ").dropFirst()
        let values = names.enumerated().map { "json_extract(content, '$[\($0)]') AS \($1)" }.joined(separator: ", ")
        let sql = "SELECT id, \(values) FROM spare WHERE origin = ? AND json_valid(content)"
        return (try? Row.fetchAll(old, sql: sql, arguments: [table])) ?? []
    }

    /// Copies destinations; a cursor that cannot be trusted becomes 0, and receipts say what was delivered.
    private func copyDestinations() throws {
        let names = rows("destination", "id, name", key: "id", index: "name")
        for row in rows("destination", "*", key: "id") {
            let candidates = names.filter { $0.value("id") == row.value("id") as Int64 }.map {
                $0.value("name") as String
            }
            let intact = candidates.map { Place(row, name: $0) }.first { $0.checksum == row.value("checksum") }
            try insert(intact ?? Place(id: row.value("id"), name: row.value("name")))
        }
        for row in names { try insert(Place(id: row.value("id"), name: row.value("name"))) }
    }

    private func insert(_ place: Place) throws {
        try new.execute(
            sql: "INSERT OR IGNORE INTO destination (id, name) VALUES (?, ?)",
            arguments: [place.id, place.name]
        )
        guard new.changesCount > 0 else { return }
        let update = try PreparedStatement(new, Place.update)
        place.bind(to: update)
        try update.run()
    }

    /// Copies a table row by row, until it cannot be read on, from both ends.
    private func copy(_ table: String, _ columns: [String]) throws {
        let list = columns.joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let insert = try new.makeStatement(sql: "INSERT OR IGNORE INTO \(table) (\(list)) VALUES (\(places))")
        let key = try new.primaryKey(table).columns
        for order in ["ASC", "DESC"] {
            do {
                let order = key.map { "\($0) \(order)" }.joined(separator: ", ")
                let rows = try Row.fetchCursor(old, sql: "SELECT \(list) FROM \(table) ORDER BY \(order)")
                while let row = try rows.next() {
                    // A value that a column does not take is damage, too.
                    try? insert.execute(arguments: StatementArguments(row.databaseValues))
                }
                return
            } catch {
                continue
            }
        }
    }

    // MARK: Events

    /// Copies events in order of position; where the file cannot be read, looks for the next that can.
    private mutating func copyEvents() throws {
        let sql = "SELECT \(EventRow.columns) FROM event WHERE position > ? ORDER BY position"
        guard let read = try? PreparedStatement(old, sql) else { return }
        var vocabulary = SalvagedVocabulary(
            kinds: rows(
                "kind",
                "id, route, source, namespace, name",
                key: "id",
                index: "route, source, namespace, name"
            ),
            audiences: rows("audience", "id, destinations", key: "id", index: "destinations")
        )
        let insert = try new.makeStatement(
            sql: "INSERT OR IGNORE INTO event (\(EventRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        var position: Int64 = 0
        while true {
            read.bind(1, position)
            do {
                var strays = 0
                while try read.next() {
                    let found = read.integer(0)
                    // A position that is damaged itself says nothing of where the others are.
                    guard found > position, try vocabulary.verify(read, new) else {
                        strays += 1
                        // A damaged tree can lead in circles.
                        guard strays < mostStrays else { throw JournalStore.damage("out of order") }
                        continue
                    }
                    strays = 0
                    position = found
                    try insert.execute(arguments: values(read))
                    events += 1
                }
                return
            } catch let error as DatabaseError where error.isDamage || error.resultCode == .SQLITE_IOERR {
                read.reset()
                guard let next = nextReadable(read, after: position) else { return }
                position = next
            }
        }
    }

    /// The smallest position after which something can be read, when nothing can after `position` itself.
    private func nextReadable(_ read: PreparedStatement, after position: Int64) -> Int64? {
        func isReadable(_ distance: Int64) -> Bool {
            defer { read.reset() }
            read.bind(1, position + distance)
            guard let found = try? read.next() else { return false }
            return !found || read.integer(0) > position + distance
        }
        var reach: Int64 = 1
        while !isReadable(reach) {
            if reach > 1 << 40 { return nil }
            reach *= 2
        }
        var unreadable = reach / 2
        while reach - unreadable > 1 {
            let middle = (reach + unreadable) / 2
            if isReadable(middle) { reach = middle } else { unreadable = middle }
        }
        return position + reach
    }

    private func values(_ row: PreparedStatement) -> StatementArguments {
        [
            row.integer(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), Data(row.bytes(5)),
            row.text(6), row.isNull(7) ? nil : row.text(7), Data(row.bytes(8)),
        ]
    }

    // MARK: The ledger

    /// Makes the ledger agree with the rows that are left.
    private mutating func recount() throws {
        let bounds = try Row.fetchOne(new, sql: "SELECT min(position), max(position) FROM event")
        if let first: Int64 = bounds?.optional(0), let last: Int64 = bounds?.optional(1) {
            missing = Int(last - first) + 1 - events
        }
        // An audience may name a destination whose row is gone; what waits there has to be seen.
        for text in try String.fetchAll(new, sql: "SELECT destinations FROM audience") {
            for id in AudienceTable.members(text) { try insert(Place(id: id, name: "unknown-\(id)")) }
        }
        let lines = try JournalAudit.run(new)
        for row in try Row.fetchAll(new, sql: "SELECT * FROM destination") {
            var place = Place(row)
            guard let counted = lines.first(where: { $0.destination == place.name })?.counted else { continue }
            place.counts.accepted = Int64(counted.accepted)
            place.counts.delivered = Int64(counted.delivered)
            place.counts.dead = Int64(counted.dead)
            place.counts.expired = Int64(counted.expired)
            place.counts.dropped = Int64(counted.dropped)
            let update = try PreparedStatement(new, Place.update)
            place.bind(to: update)
            try update.run()
        }
    }
}

/// Kinds and audiences of a damaged file: what was found, and what events have confirmed.
private struct SalvagedVocabulary {
    private var kinds: [Int64: [Kind]] = [:]
    private var audiences: [Int64: [String]] = [:]
    private var confirmed: (kinds: Set<Int64>, audiences: Set<Int64>) = ([], [])

    init(kinds rows: [Row], audiences others: [Row]) {
        for row in rows {
            let kind = Kind(
                route: row.value(1),
                source: row.value(2),
                type: EventType(namespace: row.value(3), name: row.value(4))
            )
            if kinds[row.value(0)]?.contains(kind) != true { kinds[row.value(0), default: []].append(kind) }
        }
        for row in others {
            let text: String = row.value(1)
            if audiences[row.value(0)]?.contains(text) != true { audiences[row.value(0), default: []].append(text) }
        }
    }

    /// Whether the event in a row is intact; the kind and the audience with which it is get their rows.
    mutating func verify(_ event: PreparedStatement, _ new: Database) throws -> Bool {
        let ids = (kind: event.integer(1), audience: event.integer(2))
        for kind in kinds[ids.kind] ?? [] {
            for audience in audiences[ids.audience] ?? [] {
                guard
                    EventRow.isIntact(event, kind: kind.checksum, audience: AudienceTable.checksum(audience))
                else { continue }
                if confirmed.kinds.insert(ids.kind).inserted {
                    try new.execute(
                        sql: "INSERT OR IGNORE INTO kind (id, route, source, namespace, name) VALUES (?, ?, ?, ?, ?)",
                        arguments: [ids.kind, kind.route, kind.source, kind.type.namespace, kind.type.name]
                    )
                }
                if confirmed.audiences.insert(ids.audience).inserted {
                    try new.execute(
                        sql: "INSERT OR IGNORE INTO audience (id, destinations) VALUES (?, ?)",
                        arguments: [ids.audience, audience]
                    )
                }
                return true
            }
        }
        return false
    }
}
