import Foundation
import GRDB

/// Takes refusals out of the file of a gateway that runs or of one that is stopped.
///
/// The calls block on the disk: not for event loops.
package final class RefusalEraser: Sendable {
    private let database: DatabaseQueue

    /// Opens the file.
    ///
    /// - Parameter path: the file of refusals, which has to exist.
    /// - Throws: `RefusalFileError` when it is none, or an error of SQLite's.
    package init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA secure_delete = ON")
            try database.execute(sql: "PRAGMA mmap_size = 0")
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        self.database = database
        let id = try database.read { try Int.fetchOne($0, sql: "PRAGMA application_id") }
        guard id == RefusalFile.applicationID else { throw RefusalFileError.foreign(path: path) }
    }

    /// Removes refusals, and whatever is left in the file of those that were removed before.
    ///
    /// The gateway waits while the file, which is small, is written anew: only that rids it of what stood in its gaps, however
    /// it was written. A row that cannot be read goes as well, since nobody can tell whom it names.
    ///
    /// - Parameter isConcerned: which ones go.
    /// - Returns: how many of those that can be read.
    /// - Throws: an error of SQLite's.
    package func erase(where isConcerned: (RefusalRecord) -> Bool) throws -> Int {
        try database.writeWithoutTransaction { database in
            var count = 0
            try database.inTransaction(.immediate) {
                var places: [Int64] = []
                let rows = try Row.fetchCursor(database, sql: "SELECT * FROM refusal")
                while let row = try rows.next() {
                    let refusal = RefusalReader.refusal(row)
                    guard refusal.map({ isConcerned($0.record) }) ?? true else { continue }
                    if refusal != nil { count += 1 }
                    places.append(row.value("position"))
                }
                for place in places {
                    try database.execute(sql: "DELETE FROM refusal WHERE position = ?", arguments: [place])
                }
                return .commit
            }
            try database.execute(sql: "VACUUM")
            try emptyLog(database)
            return count
        }
    }

    private func emptyLog(_ database: Database) throws {
        let isInTheWay = try Int.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 1
        if isInTheWay { throw DatabaseError(resultCode: .SQLITE_BUSY, message: "somebody reads it: try again later") }
    }
}
