import GRDB
import GRDBSQLite

extension JournalStore {
    /// What became of a stretch of the file.
    enum Clearing {
        /// A reader or a writer is in the way: the same again, a moment later.
        case again
        /// With where to go on; nil: that was the end.
        case done(next: Int?)
    }

    /// How much of the file is looked at in one step: what is written to it of that is one wait for the disk.
    static let stretch = 1 << 20

    /// Puts zeros where the pages of a stretch of the file hold nothing; pushes wait for it, and for the disk.
    ///
    /// SQLite has no call for it. So it is done beside it, while it cannot be noticed: the log is empty, hence the file
    /// holds all there is; nobody else can begin to write; and to readers these bytes mean nothing. A crash in the middle
    /// leaves some cleared and others not. As for its log, SQLite relies on it that bytes beside a write stay as they are
    /// (https://www.sqlite.org/psow.html). Pages in memory are given up, or they would be written back as they were.
    ///
    /// - Parameters:
    ///   - offset: where the stretch begins.
    ///   - path: the file.
    /// - Returns: how it went on.
    /// - Throws: `DatabaseError`.
    func clearUnusedBytes(at offset: Int, path: String) throws -> Clearing {
        guard try emptyLog() else { return .again }
        // In a file with pointer maps, the kind of a page cannot be told from the page alone.
        guard try pageCount.number() < UnusedBytes.mostPages,
            try Int.fetchOne(database, sql: "PRAGMA auto_vacuum") == 0
        else { return .done(next: nil) }
        try beginTransaction()
        // What fails here ends the connection, and the transaction with it.
        guard JournalFile.size(path + "-wal") == 0 else {
            try database.execute(sql: "ROLLBACK")
            return .again
        }
        let bytes = try StoredBytes.read(JournalStore.stretch, at: offset, database)
        let ranges = bytes.withUnsafeBytes { unused(in: $0, at: offset) }
        if !ranges.isEmpty { try StoredBytes.clear(ranges, database) }
        try database.execute(sql: "ROLLBACK")
        if !ranges.isEmpty { sqlite3_db_release_memory(database.sqliteConnection) }
        return .done(next: bytes.count < JournalStore.stretch ? nil : offset + bytes.count)
    }

    private func unused(in bytes: UnsafeRawBufferPointer, at offset: Int) -> [Range<Int>] {
        let size = Int(pageSize)
        var ranges: [Range<Int>] = []
        for start in stride(from: 0, through: bytes.count - size, by: size) {
            let page = UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
            for range in UnusedBytes.ranges(in: page, isFirst: offset + start == 0) {
                ranges.append(offset + start + range.lowerBound..<offset + start + range.upperBound)
            }
        }
        return ranges
    }
}
