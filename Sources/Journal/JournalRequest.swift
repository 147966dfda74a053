import Foundation
import GRDB
import Webhooks

/// What an operator asks of the process that holds the journal.
package struct JournalRequest: Sendable {
    /// What is to be done.
    package enum Action: String, Sendable {
        /// Send again, out of line, what is dead, expired, dropped or delivered; at once what waits for a retry.
        ///
        /// Without a state or an id in the filter: what is dead, and what waits.
        case retry
        /// Give up what is pending or dead.
        case drop
        /// Take a number out of everything that is kept.
        case forget
    }

    /// What is to be forgotten.
    struct Oblivion: Codable, Sendable, Equatable {
        /// The number; what it means, the journal's `Eraser` knows.
        let number: String
        /// Whether also in events that still wait for delivery.
        let isImmediate: Bool
    }

    /// How far it has come.
    package struct Progress: Sendable, Equatable {
        /// Entries changed so far.
        package let done: Int
        /// Whether that was all.
        package let isFinished: Bool
        /// Why it was not done, in words.
        package let problem: String?
        /// From 0 to 1, by position.
        package let fraction: Double
        /// Events that were left as they are, because they still wait.
        package let left: Int
    }

    private let id: Int64
    private let database: DatabaseQueue

    /// Hands a request in; the process that holds the journal works it off within a second or two.
    ///
    /// When no process holds the journal, open it with `SQLiteJournal.open(path:destinations:)`, no destinations being
    /// necessary, and requests are worked off until it is closed. Blocks on the disk: not for event loops.
    ///
    /// - Parameters:
    ///   - action: what is to be done.
    ///   - filter: with which events.
    ///   - path: the journal's file, which has to exist.
    /// - Throws: `DatabaseError`.
    package init(_ action: Action, _ filter: JournalFilter, path: String) throws {
        try self.init(action, try JSONEncoder().encode(filter), path: path)
    }

    /// Hands in that a number is to be taken out of everything that is kept.
    ///
    /// - Parameters:
    ///   - number: the number.
    ///   - isImmediate: whether also out of what still waits for delivery.
    ///   - path: the journal's file, which has to exist.
    /// - Throws: `DatabaseError`.
    package init(forgetting number: String, isImmediate: Bool, path: String) throws {
        let oblivion = Oblivion(number: number, isImmediate: isImmediate)
        try self.init(.forget, try JSONEncoder().encode(oblivion), path: path)
    }

    private init(_ action: Action, _ order: Data, path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            // Only the process that holds the journal copies its log into the file.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        guard FileManager.default.fileExists(atPath: path) else { throw JournalOpenError.missing(path) }
        database = try DatabaseQueue(path: path, configuration: configuration)
        let text = String(decoding: order, as: UTF8.self)
        id = try database.write { database in
            try database.execute(
                sql: "INSERT INTO request (time, action, filter) VALUES (?, ?, ?)",
                arguments: [Timestamp.now().milliseconds, action.rawValue, text]
            )
            return database.lastInsertedRowID
        }
    }

    /// How far it has come.
    ///
    /// Blocks on the disk: not for event loops.
    ///
    /// - Returns: the progress; nil when the file no longer has the request.
    /// - Throws: `DatabaseError`.
    package func progress() throws -> Progress? {
        try database.read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT done, finished, problem, resume, total, (SELECT max(position) FROM event) AS last
                    FROM request WHERE id = ?
                    """,
                arguments: [id]
            )
            guard let row else { return nil }
            let isFinished = row.optional("finished") as Int64? != nil
            let last: Int64 = row.value("last")
            let resume: Int64 = row.value("resume")
            return Progress(
                done: row.value("done"),
                isFinished: isFinished,
                problem: row.optional("problem"),
                fraction: isFinished || last == 0 ? 1 : min(1, Double(resume) / Double(last)),
                left: (row.optional("total") as Int?) ?? 0
            )
        }
    }
}
