import GRDB
package import Webhooks

extension JournalReader {
    /// How far from the second in its id the events of a request are looked for, in milliseconds.
    private static let window: Int64 = 15 * 60_000

    /// The events that a request brought, in order and with the history of their attempts.
    ///
    /// - Parameter request: the id of the request, which says when it was: that is looked at first, and the rest only
    ///   when nothing is there.
    /// - Returns: none when nothing was accepted with it, or is no longer kept.
    /// - Throws: `DatabaseError`.
    package func events(of request: RequestID) throws -> [JournalRecord] {
        try read { database in
            let moment = request.moment(before: .now()).milliseconds
            let first = try JournalReader.position(database, at: moment - JournalReader.window)
            let last = try JournalReader.position(database, at: moment + JournalReader.window)
            var positions = try JournalReader.positions(database, of: request, in: first...max(first, last))
            if positions.isEmpty { positions = try JournalReader.positions(database, of: request, in: 0...Int64.max) }
            let scan = try JournalScan(database)
            return try positions.flatMap { position in
                try scan.records(JournalFilter(), from: .up(position - 1), limit: 1).map(scan.withHistory)
            }
        }
    }

    /// The events that hold an id of a call, in order and with the history of their attempts.
    ///
    /// - Parameters:
    ///   - call: the provider's id of a leg, or the id of the whole call.
    ///   - limit: how many at most.
    /// - Returns: the events.
    /// - Throws: `DatabaseError`.
    package func events(ofCall call: String, limit: Int) throws -> [JournalRecord] {
        try read { database in
            let scan = try JournalScan(database)
            var filter = JournalFilter()
            filter.text = "\"\(call)\""
            return try scan.records(filter, from: .up(0), limit: limit).map(scan.withHistory)
        }
    }

    private static func positions(
        _ database: Database,
        of request: RequestID,
        in range: ClosedRange<Int64>
    ) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: "SELECT position FROM event WHERE position BETWEEN ? AND ? AND instr(traceparent, ?) > 0",
            arguments: [range.lowerBound, range.upperBound, request.description + " "]
        )
    }

    /// About the first position of this moment or a later one: positions grow with time, but for what was told late.
    private static func position(_ database: Database, at time: Int64) throws -> Int64 {
        var low = try Int64.fetchOne(database, sql: "SELECT min(position) FROM event") ?? 0
        var high = try Int64.fetchOne(database, sql: "SELECT max(position) FROM event") ?? 0
        while low < high {
            let middle = low + (high - low) / 2
            let row = try Row.fetchOne(
                database,
                sql: "SELECT position, time FROM event WHERE position >= ? ORDER BY position LIMIT 1",
                arguments: [middle]
            )
            guard let row else { return high }
            if row.value(1) as Int64 >= time { high = middle } else { low = row.value(0) as Int64 + 1 }
        }
        return low
    }
}
