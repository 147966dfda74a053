import GRDB

/// The counts of one destination: what its ledger says, and what the rows say.
package struct AuditLine: Sendable, Equatable {
    /// Counts since the journal was made.
    package struct Counts: Sendable, Equatable {
        package var accepted = 0
        package var delivered = 0
        package var pending = 0
        package var dead = 0
        package var expired = 0
        package var dropped = 0

        /// Whether every accepted event is somewhere, and nowhere twice.
        package var balance: Bool { accepted == delivered + pending + dead + expired + dropped }
    }

    /// The destination's name.
    package let destination: String
    /// What the ledger says, which is written with every commit; its pending ones follow from the others.
    package let ledger: Counts
    /// What is counted from the rows, with what was pruned added.
    package let counted: Counts
    /// Further things that do not fit, in words.
    package let problems: [String]

    /// Whether everything adds up.
    package var isSound: Bool { ledger == counted && counted.balance && problems.isEmpty }
}

extension AuditLine.Counts {
    /// What a row of `destination` says.
    init(ledger row: Row) {
        accepted = row.value("accepted")
        delivered = row.value("delivered")
        dead = row.value("dead")
        expired = row.value("expired")
        dropped = row.value("dropped")
        pending = accepted - delivered - dead - expired - dropped
    }
}

/// Counts every event in the file anew and compares.
enum JournalAudit {
    static func run(_ database: Database) throws -> [AuditLine] {
        let scan = try JournalScan(database)
        let last = try Int64.fetchOne(database, sql: "SELECT max(position) FROM event") ?? 0
        return try scan.standings.values.sorted { $0.id < $1.id }.map { standing in
            try line(standing, audiences: scan.audiences, last: last, database)
        }
    }

    private static func line(
        _ standing: JournalScan.Standing,
        audiences: [Int64: [Int64]],
        last: Int64,
        _ database: Database
    ) throws -> AuditLine {
        let wanting = audiences.filter { $0.value.contains(standing.id) }.keys.map(String.init).joined(separator: ", ")
        func count(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
        func exceptions(_ states: String) throws -> Int {
            try count("SELECT count(*) FROM delivery WHERE destination = \(standing.id) AND state IN (\(states))")
        }
        let row = try Row.fetchOne(
            database,
            sql: "SELECT * FROM destination WHERE id = ?",
            arguments: [standing.id]
        )
        guard let row else {
            return AuditLine(destination: standing.name, ledger: .init(), counted: .init(), problems: [])
        }
        let pruned: (delivered: Int, dead: Int, expired: Int, dropped: Int) = (
            row.value("pruned_delivered"), row.value("pruned_dead"), row.value("pruned_expired"),
            row.value("pruned_dropped")
        )

        var counted = AuditLine.Counts()
        let present = try count("SELECT count(*) FROM event WHERE audience IN (\(wanting))")
        let inLine = try inLine(standing, wanting: wanting, database)
        let dead = try exceptions("'dead'")
        let expired = try exceptions("'expired'")
        let dropped = try exceptions("'dropped'")
        counted.pending = try inLine + exceptions("'retry', 'held'")
        counted.delivered = present - counted.pending - dead - expired - dropped + pruned.delivered
        counted.dead = dead + pruned.dead
        counted.expired = expired + pruned.expired
        counted.dropped = dropped + pruned.dropped
        counted.accepted = present + pruned.delivered + pruned.dead + pruned.expired + pruned.dropped

        let ledger = AuditLine.Counts(ledger: row)
        var problems: [String] = []
        let strays = try count(
            """
            SELECT count(*) FROM delivery LEFT JOIN event USING (position)
            WHERE delivery.destination = \(standing.id)
                AND (event.position IS NULL OR event.audience NOT IN (\(wanting)))
            """
        )
        if strays > 0 { problems.append("\(strays) rows of `delivery` belong to no event that it wants") }
        if standing.cursor > last, present > 0 { problems.append("its cursor is beyond the last event") }
        return AuditLine(destination: standing.name, ledger: ledger, counted: counted, problems: problems)
    }

    /// Wanted events beyond the cursor that have left the line in no way.
    private static func inLine(
        _ standing: JournalScan.Standing,
        wanting: String,
        _ database: Database
    ) throws -> Int {
        let rows = try Int64.fetchCursor(
            database,
            sql: """
                SELECT position FROM event WHERE position > ? AND audience IN (\(wanting))
                    AND position NOT IN (SELECT position FROM delivery WHERE destination = ?)
                """,
            arguments: [standing.cursor, standing.id]
        )
        var count = 0
        while let position = try rows.next() {
            if !standing.receipts.contains(position) { count += 1 }
        }
        return count
    }
}
