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
        var pages: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(database.sqliteConnection, nil, mode, &pages, &copied)
        guard code == SQLITE_OK || code & 0xFF == SQLITE_BUSY else { throw JournalStore.failure(database) }
        // Frames that a reader kept from being copied are tried again after some more.
        logBytes = (Int(pages) - Int(copied)) * Int(pageSize)
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
