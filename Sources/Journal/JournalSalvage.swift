import Foundation
import GRDB
import NIOCore
import Webhooks

/// Replaces a damaged file by a new one with everything that can still be read; the damaged one stays beside it.
struct JournalSalvage {
    let file: JournalFile

    /// Makes the new file complete before it changes a name, so that a crash or a full disk in between loses nothing.
    func run(reason: String) throws {
        removeAll(salvaged)
        let target = JournalFile(path: salvaged, limits: file.limits, report: { _ in })
        try target.create()
        let new = try target.openSound(checking: false)
        var counts = (events: 0, missing: 0)
        if let old = try openOld() {
            counts = try old.unsafeRead { old in
                try new.writeWithoutTransaction { new in
                    var transfer = Transfer(old: old, new: new)
                    try new.inTransaction(.immediate) {
                        try transfer.run()
                        return .commit
                    }
                    return (transfer.events, transfer.missing)
                }
            }
        }
        try new.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try new.close()
        let copy = try setAside()
        try JournalSalvage.finish(file.path)
        removeAll(workingCopy)
        file.report(.replaced(copy: copy, reason: reason, events: counts.events, missing: counts.missing))
    }

    /// Gives a new file that is complete its name, also after a crash before that.
    static func finish(_ path: String) throws {
        let salvaged = path + ".salvaged"
        let files = FileManager.default
        guard files.fileExists(atPath: salvaged), !files.fileExists(atPath: path) else { return }
        try files.moveItem(atPath: salvaged, toPath: path)
    }

    private var salvaged: String { file.path + ".salvaged" }
    private var workingCopy: String { file.path + ".working" }

    private func removeAll(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    /// Opens the damaged file; when its schema cannot be read, a copy of it with the schema of an empty journal.
    private func openOld() throws -> DatabaseQueue? {
        if let old = try? open(file.path) { return old }
        removeAll(workingCopy)
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file.path + suffix) {
            try FileManager.default.copyItem(atPath: file.path + suffix, toPath: workingCopy + suffix)
        }
        try transplantSchema()
        return try? open(workingCopy)
    }

    private func open(_ path: String) throws -> DatabaseQueue {
        let database = try DatabaseQueue(path: path, configuration: JournalFile.reading)
        _ = try database.read { try Row.fetchOne($0, sql: "SELECT * FROM event, destination LIMIT 0") }
        return database
    }

    /// Writes the pages of an empty journal that hold its schema over those of the working copy.
    ///
    /// The same statements make the same tables at the same pages, and tables never move.
    private func transplantSchema() throws {
        let empty = file.path + ".empty"
        defer { removeAll(empty) }
        let database = try JournalFile(path: empty, limits: file.limits, report: { _ in }).openSound(checking: false)
        let (pageSize, roots) = try database.writeWithoutTransaction { database in
            try database.checkpoint(.truncate)
            return (
                try Int.fetchOne(database, sql: "PRAGMA page_size") ?? file.limits.pageSize,
                try Set(Int.fetchAll(database, sql: "SELECT rootpage FROM sqlite_schema"))
            )
        }
        try database.close()
        let source = try Data(contentsOf: URL(fileURLWithPath: empty))
        let target = try FileHandle(forUpdating: URL(fileURLWithPath: workingCopy))
        defer { try? target.close() }
        let length = try target.seekToEnd()
        for page in 1...max(1, source.count / pageSize) where !roots.contains(page) {
            let start = (page - 1) * pageSize
            try target.seek(toOffset: UInt64(start))
            try target.write(contentsOf: source[start..<min(source.count, start + pageSize)])
        }
        // The number of pages, https://www.sqlite.org/fileformat.html, section 1.3.
        let pages = UInt32(truncatingIfNeeded: Int(length) / pageSize)
        try target.seek(toOffset: 28)
        try withUnsafeBytes(of: pages.bigEndian) { try target.write(contentsOf: Data($0)) }
    }

    /// Renames the file, its log and its index to names that are free.
    private func setAside() throws -> String {
        let stamp = Timestamp.now().description.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        var copy = "\(file.path).damaged-\(stamp)"
        var number = 1
        while FileManager.default.fileExists(atPath: copy) {
            number += 1
            copy = "\(file.path).damaged-\(stamp)-\(number)"
        }
        // The log first: a crash in between must not pair the old log with a new file.
        for suffix in ["-wal", "-shm", ""] where FileManager.default.fileExists(atPath: file.path + suffix) {
            try FileManager.default.moveItem(atPath: file.path + suffix, toPath: copy + suffix)
        }
        return copy
    }
}

/// Copies rows, past those that cannot be read.
private struct Transfer {
    let old: Database
    let new: Database
    var events = 0
    var missing = 0

    mutating func run() throws {
        try copy("kind", ["id", "route", "source", "namespace", "name"], index: "route, source, namespace, name")
        try copy("audience", ["id", "destinations"], index: "destinations")
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
        try copy(
            "request",
            ["id", "time", "action", "filter", "resume", "done", "total", "finished", "problem"]
        )
        try new.execute(sql: "DELETE FROM delivery WHERE position NOT IN (SELECT position FROM event)")
        try new.execute(sql: "DELETE FROM attempt WHERE position NOT IN (SELECT position FROM event)")
        try recount()
    }

    /// Copies a table row by row until it cannot be read on, from both ends, and by way of an index when there is one
    /// that holds it all.
    private func copy(_ table: String, _ columns: [String], index: String? = nil) throws {
        let list = columns.joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let insert = try new.makeStatement(sql: "INSERT OR IGNORE INTO \(table) (\(list)) VALUES (\(places))")
        let key = try new.primaryKey(table).columns
        let orders = ["ASC", "DESC"].map { order in key.map { "\($0) \(order)" }.joined(separator: ", ") }
        for key in orders + [index].compactMap(\.self) {
            do {
                let rows = try Row.fetchCursor(old, sql: "SELECT \(list) FROM \(table) ORDER BY \(key)")
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

    /// Copies destinations; a cursor that cannot be trusted becomes 0, and receipts say what was delivered.
    private func copyDestinations() throws {
        try copy("destination", ["id", "name", "cursor", "handed"])
        let rows = (try? Row.fetchAll(old, sql: "SELECT * FROM destination")) ?? []
        for row in rows where !Place.isIntact(row) {
            try new.execute(
                sql: "UPDATE destination SET cursor = 0, handed = 0 WHERE id = ?",
                arguments: [row["id"] as Int64]
            )
        }
        for row in rows where Place.isIntact(row) {
            try new.execute(
                sql: """
                    UPDATE destination SET pruned_delivered = ?, pruned_dead = ?, pruned_expired = ?, pruned_dropped = ?
                    WHERE id = ?
                    """,
                arguments: [
                    row["pruned_delivered"], row["pruned_dead"], row["pruned_expired"], row["pruned_dropped"],
                    row["id"],
                ]
            )
        }
    }

    /// Copies events in order of position; where the file cannot be read, looks for the next that can.
    private mutating func copyEvents() throws {
        let read = try PreparedStatement(
            old,
            "SELECT \(EventRow.columns) FROM event WHERE position > ? ORDER BY position"
        )
        let insert = try new.makeStatement(
            sql: "INSERT OR IGNORE INTO event (\(EventRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        let kinds = try KindTable(new)
        var position: Int64 = 0
        while true {
            read.bind(1, position)
            do {
                while try read.next() {
                    let found = read.integer(0)
                    // A damaged tree can lead in circles.
                    guard found > position else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
                    position = found
                    if EventRow.read(read, kinds: kinds) != nil {
                        try insert.execute(arguments: values(read))
                        events += 1
                    }
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
            return (try? read.next()) != nil
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

    /// Makes the ledger agree with the rows that are left.
    private mutating func recount() throws {
        let last = try Int64.fetchOne(new, sql: "SELECT max(position) FROM event") ?? 0
        let first = try Int64.fetchOne(new, sql: "SELECT min(position) FROM event") ?? 1
        missing = Int(last - first) + 1 - events
        for line in try JournalAudit.run(new) {
            let counted = line.counted
            try new.execute(
                sql: """
                    UPDATE destination SET accepted = ?, delivered = ?, dead = ?, expired = ?, dropped = ?
                    WHERE name = ?
                    """,
                arguments: [
                    counted.accepted, counted.delivered, counted.dead, counted.expired, counted.dropped,
                    line.destination,
                ]
            )
        }
        for row in try Row.fetchAll(new, sql: "SELECT * FROM destination") {
            let place = Place(row)
            let statement = try PreparedStatement(new, Place.update)
            place.bind(to: statement)
            try statement.run()
        }
    }
}
