import Foundation
import GRDB
import Webhooks

extension JournalStore {
    /// The rows of all destinations, the configured ones first and in their order.
    static func places(_ database: Database, _ names: [String]) throws -> [Place] {
        var all = try Row.fetchAll(database, sql: "SELECT * FROM destination ORDER BY id").map { Place($0) }
        let missing = names.filter { name in !all.contains { $0.name == name } }
        if !missing.isEmpty {
            // Nothing that is there now is for them.
            let last = try lastPosition(database)
            try database.inTransaction(.immediate) {
                for name in missing {
                    try database.execute(sql: "INSERT INTO destination (name) VALUES (?)", arguments: [name])
                    var place = Place(id: database.lastInsertedRowID, name: name)
                    place.line = DestinationLine(cursor: last)
                    place.writtenCursor = last
                    let update = try PreparedStatement(database, Place.update)
                    place.bind(to: update)
                    try update.run()
                    all.append(place)
                }
                return .commit
            }
        }
        let configured = names.compactMap { name in all.first { $0.name == name } }
        return configured + all.filter { !names.contains($0.name) }
    }

    /// Takes out events whose callers were told that nothing was kept.
    ///
    /// The log may hold a commit whose sync failed, and an opening finds it there.
    static func forget(after last: Int64, _ database: Database) throws {
        let refused = try Row.fetchAll(
            database,
            sql: """
                SELECT destinations, count(*) FROM event JOIN audience ON audience.id = audience
                WHERE position > ? GROUP BY audience
                """,
            arguments: [last]
        )
        if refused.isEmpty { return }
        try database.inTransaction(.immediate) {
            try database.execute(sql: "DELETE FROM event WHERE position > ?", arguments: [last])
            for row in try Row.fetchAll(database, sql: "SELECT * FROM destination") {
                var place = Place(row)
                for row in refused where AudienceTable.members(row.value(0)).contains(place.id) {
                    place.counts.accepted -= row.value(1)
                }
                place.handed = min(place.handed, last)
                place.line = DestinationLine(cursor: min(place.line.cursor, last))
                let update = try PreparedStatement(database, Place.update)
                place.bind(to: update)
                try update.run()
            }
            return .commit
        }
    }

    /// Finds what has left the line beyond each cursor: exceptions have rows, deliveries stand in receipts.
    func loadLines() throws {
        for place in places.indices {
            let id = places[place].id
            let cursor = places[place].line.cursor
            let receipts = try Row.fetchCursor(
                database,
                sql: "SELECT first, last, checksum, entries FROM receipt WHERE destination = ? AND last > ?",
                arguments: [id, cursor]
            )
            while let row = try receipts.next() {
                for entry in Receipt.intact(row, destination: id) where entry.position <= last {
                    places[place].line.leave(entry.position)
                }
            }
            let exceptions = try Int64.fetchCursor(
                database,
                sql: "SELECT position FROM delivery WHERE destination = ? AND position > ?",
                arguments: [id, cursor]
            )
            while let position = try exceptions.next() {
                if position <= last { places[place].line.leave(position) }
            }
            places[place].line.advance()
        }
    }

    /// Goes through the backlog and takes what a destination never wanted out of its line.
    ///
    /// Otherwise that happens as the backlog is read. After a failure it is read no more by those who were through
    /// with it already, and their cursors would stay behind.
    func loadUnwanted() throws {
        guard let start = places.prefix(configured).map(\.line.cursor).min(), start < last else { return }
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT position, audience FROM event WHERE position > ? ORDER BY position",
            arguments: [start]
        )
        var previous = start
        while let row = try rows.next() {
            let position: Int64 = row.value(0)
            let audience = audiences[row.value(1)]
            for place in 0..<configured {
                for gap in (previous + 1)..<position { places[place].line.leave(gap) }
                if let audience, !audience.contains(place) { places[place].line.leave(position) }
            }
            previous = position
        }
        for place in 0..<configured {
            for gap in stride(from: previous + 1, through: last, by: 1) { places[place].line.leave(gap) }
            places[place].line.advance()
        }
    }

    /// What a process that died had claimed is free again.
    func releaseClaims() throws {
        for place in places {
            try database.execute(
                sql: "UPDATE delivery SET claimed = 0, due = min(due, ?) WHERE destination = ? AND claimed = 1",
                arguments: [Timestamp.now().milliseconds, place.id]
            )
        }
    }

    /// Unfinished requests of operators, the oldest first.
    func loadRequests() throws {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT id, action, filter, resume, done, total FROM request WHERE finished IS NULL ORDER BY id"
        )
        for row in rows {
            let id: Int64 = row.value("id")
            guard !requests.contains(where: { $0.id == id }) else { continue }
            let name: String = row.value("action")
            let text: String = row.value("filter")
            let action = JournalRequest.Action(rawValue: name)
            let order = Data(text.utf8)
            let oblivion =
                action == .forget ? try? JSONDecoder().decode(JournalRequest.Oblivion.self, from: order) : nil
            // Without its number, all that is left of it is to overwrite what was deleted.
            let isForget = action == .forget && (oblivion != nil || text == "{}")
            let filter = isForget ? JournalFilter() : try? JSONDecoder().decode(JournalFilter.self, from: order)
            if isForget {
                try overwrite(true)
                zeroedPages = try storedZeroedPages()
            }
            guard let action, let filter, action != .forget || isForget else {
                try database.execute(
                    sql: "UPDATE request SET finished = ?, problem = 'not understood' WHERE id = ?",
                    arguments: [Timestamp.now().milliseconds, id]
                )
                continue
            }
            requests.append(
                Request(
                    id: id,
                    action: action,
                    filter: filter,
                    oblivion: oblivion,
                    resume: row.value("resume"),
                    done: row.value("done"),
                    left: row.optional("total") ?? 0
                )
            )
        }
    }

    /// How things stand at a destination, for a deliverer that begins.
    func standing(_ place: Int) throws -> JournalStanding {
        let id = places[place].id
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT subject, count(*) FROM delivery INDEXED BY delivery_lane
                WHERE destination = ? AND state IN ('retry', 'held') AND replay = 0 GROUP BY subject
                """,
            arguments: [id]
        )
        var deferred: [String: Int] = [:]
        while let row = try rows.next() { deferred[row.value(0)] = row.value(1) }
        places[place].line.advance()
        return JournalStanding(
            cursor: JournalPosition(places[place].line.cursor),
            last: JournalPosition(last),
            deferred: deferred,
            nextDue: try nextDue(place)
        )
    }

    /// When the first deferred entry of a destination is due.
    func nextDue(_ place: Int) throws -> Timestamp? {
        try Int64.fetchOne(
            database,
            sql: "SELECT min(due) FROM delivery WHERE destination = ? AND state = 'retry'",
            arguments: [places[place].id]
        ).map(Timestamp.init(milliseconds:))
    }
}
