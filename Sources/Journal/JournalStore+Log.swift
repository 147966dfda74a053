import GRDB
import GRDBSQLite

extension JournalStore {
    /// An error that leads to a repair.
    static func damage(_ reason: String) -> DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: reason)
    }

    /// Copies the log into the file, so that the log can begin anew.
    ///
    /// - Parameter truncate: whether the log has to end up empty; otherwise readers are left in peace.
    /// - Throws: `DatabaseError`, not for a reader that is in the way.
    func checkpoint(truncate: Bool) throws {
        let mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = sqlite3_wal_checkpoint_v2(database.sqliteConnection, nil, mode, nil, nil)
        guard code == SQLITE_OK || code & 0xFF == SQLITE_BUSY else { throw JournalStore.failure(database) }
        // What a reader kept from being copied is tried again when as much has come again.
        logBytes = 0
    }

    /// Copies the log into the file and empties it, without waiting for readers: pushes would wait as well.
    ///
    /// - Returns: false when a reader is in the way.
    /// - Throws: `DatabaseError`.
    func emptyLog() throws -> Bool {
        let connection = database.sqliteConnection
        let patience = try Int32.fetchOne(database, sql: "PRAGMA busy_timeout") ?? 0
        sqlite3_busy_timeout(connection, 0)
        defer { sqlite3_busy_timeout(connection, patience) }
        let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        guard code == SQLITE_OK || code & 0xFF == SQLITE_BUSY else { throw JournalStore.failure(database) }
        if code == SQLITE_OK { logBytes = 0 }
        return code == SQLITE_OK
    }

    /// Writes the whole file anew, without gaps, into the log; everybody waits for it.
    func rebuild() throws {
        try database.execute(sql: "VACUUM")
    }

    /// What SQLite says about the call that failed.
    static func failure(_ database: Database) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(database.sqliteConnection)),
            message: database.lastErrorMessage
        )
    }

    /// Leaves the connection in a state in which it can be closed.
    ///
    /// What an unsynced commit left in the log should not be found again: an empty log says that best, if it can be had.
    func abandon() {
        if database.isInsideTransaction { try? database.execute(sql: "ROLLBACK") }
        try? checkpoint(truncate: true)
    }
}
