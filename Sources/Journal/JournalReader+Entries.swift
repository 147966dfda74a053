import GRDB
package import Webhooks

extension JournalReader {
    /// Goes through the latest events of a route, or of all, in their order.
    ///
    /// - Parameters:
    ///   - count: how many positions to go back, whosever events stand there.
    ///   - time: events that were accepted before are left out.
    ///   - body: gets each event with the path of its route; damaged ones are left out.
    /// - Throws: `DatabaseError`.
    package func replay(
        last count: Int,
        since time: Timestamp,
        _ body: (_ event: Event, _ route: String) -> Void
    ) throws {
        try database.read { database in
            let last = try Int64.fetchOne(database, sql: "SELECT max(position) FROM event") ?? 0
            let scan = try JournalScan(database, reading: .names)
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT position, id, time, kind, audience, subject, traceparent, data FROM event
                    WHERE position > ? AND time >= ? ORDER BY position
                    """,
                arguments: [last - Int64(count), time.milliseconds]
            )
            while let row = try rows.next() {
                if let entry = scan.entry(row) { body(entry.event, entry.route) }
            }
        }
    }
}
