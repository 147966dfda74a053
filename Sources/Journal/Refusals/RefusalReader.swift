import Foundation
import GRDB
package import Webhooks

/// Reads the refusals of a gateway that runs or of one that is stopped, and changes nothing.
///
/// The calls block on the disk: not for event loops.
package final class RefusalReader: Sendable {
    private let database: DatabaseQueue
    /// A gateway is about to make it, and has not come to its tables.
    private let isUnmade: Bool

    /// Opens the file read-only.
    ///
    /// - Parameter path: the file of refusals.
    /// - Throws: `RefusalFileError` when it is none, or an error of SQLite's.
    package init(path: String) throws {
        let database = try DatabaseQueue(path: path, configuration: JournalFile.reading)
        self.database = database
        let (id, tables) = try database.read { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA application_id"),
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema")
            )
        }
        isUnmade = tables == 0
        guard isUnmade || id == RefusalFile.applicationID else { throw RefusalFileError.foreign(path: path) }
    }

    /// Whether there is such a file yet.
    package static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Refusals before a position, the latest first.
    package func list(_ filter: RefusalFilter, before position: Int64? = nil, limit: Int) throws -> [KeptRefusal] {
        var parts = ["position < ?"]
        var arguments: StatementArguments = [position ?? .max]
        for (column, value) in [
            ("reason", filter.reason), ("client", filter.client), ("route", filter.route), ("call", filter.call),
        ] {
            guard let value else { continue }
            parts.append("\(column) = ?")
            arguments += [value]
        }
        if let since = filter.since {
            parts.append("time >= ?")
            arguments += [since]
        }
        return try rows(parts.joined(separator: " AND "), arguments, limit: limit)
    }

    /// The refusal with this id; nil when none is kept.
    package func find(_ id: RequestID) throws -> KeptRefusal? {
        try rows("id = ?", [id.description], limit: 1).first
    }

    /// How many are kept, and since when.
    package func extent() throws -> (count: Int, oldest: Timestamp?) {
        if isUnmade { return (0, nil) }
        return try database.read { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT count(*), (SELECT time FROM refusal ORDER BY position LIMIT 1) FROM refusal"
            )
            let oldest: Int64? = row?.optional(1)
            return (row?.value(0) ?? 0, oldest.map(Timestamp.init(milliseconds:)))
        }
    }

    private func rows(_ condition: String, _ arguments: StatementArguments, limit: Int) throws -> [KeptRefusal] {
        if isUnmade { return [] }
        return try database.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM refusal WHERE \(condition) ORDER BY position DESC LIMIT \(limit)",
                arguments: arguments
            ).compactMap(RefusalReader.refusal)
        }
    }

    /// Nil when a row is damaged.
    static func refusal(_ row: Row) -> KeptRefusal? {
        let kind: String = row.value("kind")
        let id: String = row.value("id")
        guard let kind = RefusalRecord.Kind(rawValue: kind), let id = RequestID(id) else { return nil }
        var record = RefusalRecord(
            kind: kind,
            id: id,
            time: Timestamp(milliseconds: row.value("time")),
            reason: row.value("reason"),
            listener: row.value("listener"),
            client: row.value("client")
        )
        record.status = row.optional("status")
        record.connection = row.optional("connection")
        record.certificate = row.optional("certificate")
        record.method = row.optional("method")
        record.target = row.optional("target")
        record.route = row.optional("route")
        record.fields = row.optional("fields")
        let body: Data? = row.optional("body")
        record.body = body.map { Array($0) }
        record.bodySize = row.optional("body_size")
        record.field = row.optional("field")
        record.offset = row.optional("byte")
        record.excerpt = row.optional("excerpt")
        record.call = row.optional("call")
        record.detail = row.optional("detail")
        record.more = row.value("more")
        return KeptRefusal(position: row.value("position"), record: record)
    }
}
