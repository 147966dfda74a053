import GRDB
package import Webhooks

/// What waits at one destination, as the file has it.
package struct BacklogLine: Sendable, Equatable {
    /// The destination's name.
    package let destination: String
    /// Counts since the journal was made.
    package let counts: AuditLine.Counts
    /// When the oldest event was accepted that is still pending; nil when none is, or it cannot be told.
    package let oldest: Timestamp?
}

extension JournalReader {
    /// The counts of every destination with the age of what waits; reads a few rows of each, however long the line is.
    ///
    /// - Returns: a line for each destination, in the order of their first appearance.
    /// - Throws: `DatabaseError`.
    package func backlog() throws -> [BacklogLine] {
        try read { database in
            let scan = try JournalScan(database, reading: .names)
            return try Row.fetchAll(database, sql: "SELECT * FROM destination ORDER BY id").map { row in
                let id: Int64 = row.value("id")
                let counts = AuditLine.Counts(ledger: row)
                let audiences = scan.audiences.filter { $0.value.contains(id) }.keys
                let oldest =
                    counts.pending > 0
                    ? try JournalReader.oldest(database, id, audiences, after: row.value("cursor")) : nil
                return BacklogLine(destination: row.value("name"), counts: counts, oldest: oldest)
            }
        }
    }

    /// The older of the first in line and the first that was set aside.
    private static func oldest(
        _ database: Database,
        _ destination: Int64,
        _ audiences: some Sequence<Int64>,
        after cursor: Int64
    ) throws -> Timestamp? {
        let audiences = audiences.map(String.init).joined(separator: ", ")
        // By definition the first wanted entry behind the cursor has not left the line.
        let line = try Int64.fetchOne(
            database,
            sql: "SELECT time FROM event WHERE position > ? AND audience IN (\(audiences)) ORDER BY position LIMIT 1",
            arguments: [cursor]
        )
        let aside = try Int64.fetchOne(
            database,
            sql: """
                SELECT time FROM event WHERE position =
                    (SELECT min(position) FROM delivery WHERE destination = ? AND state IN ('retry', 'held'))
                """,
            arguments: [destination]
        )
        return [line, aside].compactMap { $0 }.min().map(Timestamp.init(milliseconds:))
    }
}
