import GRDB
package import Webhooks

/// Reads a journal, of a gateway that runs or of one that is stopped, and changes nothing.
///
/// Every call sees one consistent state of the file. The calls block on the disk: not for event loops.
package final class JournalReader: Sendable {
    let database: DatabaseQueue

    /// Opens the file read-only.
    ///
    /// - Parameter path: the journal.
    /// - Throws: `DatabaseError` when it cannot be read or is no journal.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        database = try DatabaseQueue(path: path, configuration: configuration)
        // Opening is lazy: this is where a file that is no journal shows.
        _ = try database.read { try Int.fetchOne($0, sql: "SELECT max(position) FROM event") }
    }

    /// One consistent look at the file.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try database.read(body)
    }

    /// Events before a position, the latest first.
    package func list(
        _ filter: JournalFilter,
        before position: JournalPosition? = nil,
        limit: Int
    ) throws -> [JournalRecord] {
        try database.read { database in
            try JournalScan(database).records(filter, from: .down(position?.value ?? .max), limit: limit)
        }
    }

    /// Events after a position, in order.
    package func tail(
        _ filter: JournalFilter,
        after position: JournalPosition,
        limit: Int
    ) throws -> [JournalRecord] {
        try database.read { database in
            try JournalScan(database).records(filter, from: .up(position.value), limit: limit)
        }
    }

    /// One event with the history of its attempts; nil when there is none with this id.
    package func show(_ id: EventID) throws -> JournalRecord? {
        var filter = JournalFilter()
        filter.id = id.description
        return try database.read { database in
            let scan = try JournalScan(database)
            guard let record = try scan.records(filter, from: .down(.max), limit: 1).first else { return nil }
            return try scan.withHistory(record)
        }
    }

    /// The last position; `start` when nothing is there.
    package func last() throws -> JournalPosition {
        try database.read { database in
            JournalPosition(try Int64.fetchOne(database, sql: "SELECT max(position) FROM event") ?? 0)
        }
    }

    /// The counts of every destination as the ledger has them, by name.
    package func ledger() throws -> [(destination: String, counts: AuditLine.Counts)] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM destination ORDER BY id").map { row in
                (row.value("name"), AuditLine.Counts(ledger: row))
            }
        }
    }

    /// The counts of every destination, counted again from the rows.
    package func audit() throws -> [AuditLine] {
        try database.read { try JournalAudit.run($0) }
    }
}
