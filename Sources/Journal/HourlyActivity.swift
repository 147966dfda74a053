import GRDB
package import Webhooks

/// How many pushes a route accepted in an hour.
package struct HourlyActivity: Sendable, Equatable {
    /// How long hours are kept: enough for the weeks that a silence is judged by.
    static let kept: Int64 = 12 * 7 * 24

    /// The path of the route.
    package let route: String
    /// Hours since 1970, universal time.
    package let hour: Int64
    /// Pushes accepted.
    package let pushes: Int

    package init(route: String, hour: Int64, pushes: Int) {
        self.route = route
        self.hour = hour
        self.pushes = pushes
    }
}

extension JournalStore {
    /// Adds to what is known of hours, in the open transaction, and forgets those of long ago.
    func record(_ activity: [HourlyActivity]) throws {
        for row in activity {
            try database.execute(
                sql: """
                    INSERT INTO activity (route, hour, pushes) VALUES (?1, ?2, ?3)
                    ON CONFLICT DO UPDATE SET pushes = pushes + ?3
                    """,
                arguments: [row.route, row.hour, row.pushes]
            )
        }
        guard let last = activity.map(\.hour).max() else { return }
        try database.execute(
            sql: "DELETE FROM activity WHERE hour < ?",
            arguments: [last - HourlyActivity.kept]
        )
    }
}

extension JournalReader {
    /// What is known of hours, the oldest first.
    ///
    /// - Throws: `DatabaseError`.
    package func activity() throws -> [HourlyActivity] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT route, hour, pushes FROM activity ORDER BY hour").map { row in
                HourlyActivity(route: row.value(0), hour: row.value(1), pushes: row.value(2))
            }
        }
    }

    /// The same counted from the events that are there, of whole hours; reads all of them.
    ///
    /// - Parameters:
    ///   - types: names of the types that count.
    ///   - now: the hour of this moment is left out.
    /// - Returns: hours with events, in no order.
    /// - Throws: `DatabaseError`.
    package func countActivity(of types: Set<String>, before now: Timestamp) throws -> [HourlyActivity] {
        try read { database in
            let kinds = try Row.fetchAll(database, sql: "SELECT id, route, name FROM kind").filter { row in
                types.contains(row.value(2))
            }
            let routes = Dictionary(kinds.map { row in (row.value(0) as Int64, row.value(1) as String) }) { $1 }
            let hour: Int64 = 3_600_000
            // The first hour may have lost events to pruning.
            let first = try Int64.fetchOne(database, sql: "SELECT min(time) FROM event") ?? 0
            var counts: [String: [Int64: Int]] = [:]
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT kind, time / \(hour), count(*) FROM event WHERE time / \(hour) > ? AND time / \(hour) < ?
                    GROUP BY 1, 2
                    """,
                arguments: [first / hour, now.milliseconds / hour]
            )
            while let row = try rows.next() {
                guard let route = routes[row.value(0)] else { continue }
                counts[route, default: [:]][row.value(1), default: 0] += row.value(2) as Int
            }
            return counts.flatMap { route, hours in
                hours.map { HourlyActivity(route: route, hour: $0, pushes: $1) }
            }
        }
    }
}
