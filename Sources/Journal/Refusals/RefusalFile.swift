import Foundation
import GRDB
import NIOCore
import Webhooks

/// The file of refusals: small, and of no promise.
///
/// What it loses is lost; what it holds never grows past its bound.
///
/// Used by one thread.
struct RefusalFile {
    /// Says that a file is one of ours: `HGRF`.
    static let applicationID = 0x4847_5246
    private static let version = 1
    /// How full it gets before the oldest go.
    private static let fullness = 0.9

    private static let schema = """
        CREATE TABLE refusal (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            time INTEGER NOT NULL,
            reason TEXT NOT NULL,
            status INTEGER,
            listener TEXT NOT NULL,
            client TEXT NOT NULL,
            connection TEXT,
            certificate TEXT,
            method TEXT,
            target TEXT,
            route TEXT,
            fields TEXT,
            body BLOB,
            body_size INTEGER,
            field TEXT,
            byte INTEGER,
            excerpt TEXT,
            call TEXT,
            detail TEXT,
            more INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX refusal_id ON refusal (id);
        CREATE INDEX refusal_reason ON refusal (kind, reason, position);
        CREATE INDEX refusal_call ON refusal (call) WHERE call IS NOT NULL;
        """

    private let database: DatabaseQueue
    private let limits: RefusalLimits

    /// Opens a file, or makes one; a damaged one is moved aside first.
    ///
    /// - Throws: `RefusalFileError`, `JournalOpenError`, or an error of SQLite's.
    init(path: String, limits: RefusalLimits) throws {
        self.limits = limits
        do {
            database = try RefusalFile.open(path, limits)
        } catch let error as DatabaseError where error.isDamage {
            for suffix in ["", "-wal", "-shm"] { rename(path + suffix, "\(path).damaged\(suffix)") }
            database = try RefusalFile.open(path, limits)
        }
    }

    private static func open(_ path: String, _ limits: RefusalLimits) throws -> DatabaseQueue {
        try JournalFile(path: path, limits: JournalLimits(), report: { _ in }).create()
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(limits.patience.nanoseconds) / 1e9)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            // A crash may cost the last of them; it is not worth a sync.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA journal_size_limit = 1048576")
            try database.execute(sql: "PRAGMA secure_delete = ON")
            try database.execute(sql: "PRAGMA mmap_size = 0")
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.write { database in
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            let id = try Int.fetchOne(database, sql: "PRAGMA application_id")
            guard tables == 0 || id == applicationID else { throw RefusalFileError.foreign(path: path) }
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard version <= RefusalFile.version else { throw RefusalFileError.newer(path: path) }
            guard version == 0 else { return }
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(RefusalFile.version)")
            try database.execute(sql: schema)
        }
        return database
    }

    /// Writes all of it, or nothing.
    ///
    /// - Throws: an error of SQLite's.
    func write(_ items: [RefusalStore.Item]) throws {
        let weight = items.reduce(0) { $0 + $1.weight }
        try database.write { database in
            try trim(database, for: weight)
            for item in items {
                switch item {
                case .record(let record): try insert(record, database)
                case .more(let kind, let reason, let count): try add(count, kind, reason, database)
                }
            }
        }
    }

    private func insert(_ record: RefusalRecord, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO refusal (kind, id, time, reason, status, listener, client, connection, certificate, method,
                    target, route, fields, body, body_size, field, byte, excerpt, call, detail)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(arguments: [
            record.kind.rawValue, record.id.description, record.time.milliseconds, record.reason, record.status,
            record.listener, record.client, record.connection, record.certificate, record.method, record.target,
            record.route, record.fields, record.body.map { Data($0) }, record.bodySize, record.field, record.offset,
            record.excerpt, record.call, record.detail,
        ])
    }

    /// Adds to the latest of a reason those that were not kept.
    private func add(_ count: Int, _ kind: RefusalRecord.Kind, _ reason: String, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE refusal SET more = more + ? WHERE position =
                    (SELECT max(position) FROM refusal WHERE kind = ? AND reason = ?)
                """
        )
        try statement.execute(arguments: [count, kind.rawValue, reason])
    }

    /// Removes what is too old.
    ///
    /// - Throws: an error of SQLite's.
    func prune(now: Timestamp) throws {
        let oldest = now.milliseconds - limits.retain.nanoseconds / 1_000_000
        try database.write { database in
            try database.execute(sql: "DELETE FROM refusal WHERE time < ?", arguments: [oldest])
        }
    }

    /// Makes room by removing the oldest, a tenth at a time.
    private func trim(_ database: Database, for bytes: Int) throws {
        while try usedBytes(database) + bytes > Int(Double(limits.maxBytes) * RefusalFile.fullness) {
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM refusal") ?? 0
            guard count > 0 else { return }
            try database.execute(
                sql: """
                    DELETE FROM refusal WHERE position <=
                        (SELECT position FROM refusal ORDER BY position LIMIT 1 OFFSET ?)
                    """,
                arguments: [count / 10]
            )
        }
    }

    private func usedBytes(_ database: Database) throws -> Int {
        func pragma(_ name: String) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA \(name)") ?? 0 }
        return try (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")
    }

    /// Copies the log into the file.
    func close() {
        try? database.close()
    }
}
