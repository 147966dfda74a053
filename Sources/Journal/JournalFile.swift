import Foundation
import GRDB
import GRDBSQLite
import NIOCore

/// Opens the file, and decides what is to be done when it is not as it should be.
struct JournalFile {
    let path: String
    let limits: JournalLimits
    let report: @Sendable (JournalNotice) -> Void

    /// The connection for writing: WAL, and every commit synced.
    private var writing: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(limits.busyTimeout.nanoseconds) / 1e9)
        configuration.foreignKeysEnabled = false
        // The writer checks its own transactions; a failed one may end the access in the middle of it.
        configuration.allowsUnsafeTransactions = true
        let pageSize = limits.pageSize
        let path = path
        configuration.prepareDatabase { database in
            // Without effect on a file that has pages.
            try database.execute(sql: "PRAGMA page_size = \(pageSize)")
            let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
            guard mode == "wal", synchronous == 2 else {
                throw JournalOpenError.unusable(
                    path: path,
                    reason: "no write-ahead log with full synchronisation (\(mode ?? "none"), \(synchronous ?? -1))"
                )
            }
            // We copy the log into the file ourselves, between commits.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "PRAGMA cache_size = -16384")
            // Debian's SQLite overwrites whatever is deleted, which makes pruning write as much as appending did.
            try database.execute(sql: "PRAGMA secure_delete = FAST")
            // A mapped file answers a failing disk with SIGBUS, which no one can handle: never.
            try database.execute(sql: "PRAGMA mmap_size = 0")
        }
        return configuration
    }

    /// A connection that changes nothing.
    static var reading: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA mmap_size = 0")
        }
        return configuration
    }

    /// Opens the file, makes it if there is none, and replaces a damaged one by what is left of it.
    ///
    /// - Parameter isSuspect: whether to look for damage whatever it takes.
    /// - Returns: the connection, and whether the file still has to be checked.
    /// - Throws: `JournalOpenError`.
    func open(isSuspect: Bool) throws -> (database: DatabaseQueue, isUnchecked: Bool) {
        do {
            try JournalSalvage.finish(path)
            let lostPages = try mendLog()
            try create()
            let check = needsCheck(isSuspect: isSuspect)
            do {
                if lostPages { throw JournalStore.damage("pages of its write-ahead log are lost") }
                return (try openSound(checking: check == .now), check == .later)
            } catch  where JournalFile.isDamage(error) {
                try JournalSalvage(file: self).run(reason: words(error))
                return (try openSound(checking: false), false)
            }
        } catch let error as JournalOpenError {
            throw error
        } catch {
            throw JournalOpenError.unusable(path: path, reason: words(error))
        }
    }

    /// Looks for damage in the middle of the write-ahead log, behind which SQLite would see nothing.
    ///
    /// - Returns: whether pages are lost: then the tables can be whole and still not fit together.
    private func mendLog() throws -> Bool {
        let copy = JournalSalvage(file: self).freeName(for: "-wal") + "-wal"
        guard let dropped = try WriteAheadLog.mend(path, keeping: copy) else { return false }
        report(.mendedLog(copy: copy, dropped: dropped))
        return dropped > 0
    }

    /// Makes the directory of the file, if it is missing.
    ///
    /// - Returns: its path.
    /// - Throws: `JournalOpenError`.
    @discardableResult
    func makeDirectory() throws -> String {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw failure(directory) }
        return directory
    }

    /// Makes an empty file that only we can read, if there is none.
    func create() throws {
        let directory = try makeDirectory()
        // No descriptor of a file that is there: somebody in this process may read it, see StoredBytes.
        if faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0 {
            guard errno == ENOENT else { throw failure(path) }
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(path) }
            close(descriptor)
        }
        // The name has to survive a power cut as well.
        let parent = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw failure(directory) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw failure(directory) }
    }

    /// Opens for writing, without repairs.
    ///
    /// - Throws: `DatabaseError`; one of damage means that a repair is due.
    func openSound(checking: Bool) throws -> DatabaseQueue {
        let database = try DatabaseQueue(path: path, configuration: writing)
        try database.writeWithoutTransaction { database in
            let tables = try Set(String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'"))
            if !tables.isEmpty, !tables.contains("grdb_migrations") { throw JournalOpenError.foreign(path: path) }
            if !tables.isEmpty, try JournalSchema.migrator.hasBeenSuperseded(database) {
                throw JournalOpenError.newer(path: path)
            }
            if checking, let damage = try JournalFile.damage(database) {
                throw JournalStore.damage(damage)
            }
        }
        try JournalSchema.migrator.migrate(database)
        try database.writeWithoutTransaction { database in
            if let damage = try JournalFile.visibleDamage(database) { throw JournalStore.damage(damage) }
        }
        return database
    }

    private enum Check {
        case no, now, later
    }

    private func needsCheck(isSuspect: Bool) -> Check {
        let size = JournalFile.size(path)
        let log = JournalFile.size(path + "-wal")
        // A file that was closed in order has the length it says it has.
        if isSuspect || size <= limits.checkedSize || (log == 0 && size != statedSize()) { return .now }
        return log > 0 ? .later : .no
    }

    /// What the head of the file says of its length (https://www.sqlite.org/fileformat.html, section 1.3); nil when it
    /// cannot be read.
    private func statedSize() -> Int? {
        guard let head = StoredBytes.head(32, of: path), head.count == 32 else { return nil }
        let pageSize = Int(head[16]) << 8 | Int(head[17])
        let pages = head[28..<32].reduce(0) { $0 << 8 | Int($1) }
        return (pageSize == 1 ? 65_536 : pageSize) * pages
    }

    /// What is wrong with a file, in SQLite's words; nil when nothing is.
    static func damage(_ database: Database) throws -> String? {
        let words = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
        return words == "ok" ? nil : words ?? "it cannot be checked"
    }

    /// What is wrong with the few rows on which all others depend, in words; nil when nothing is.
    private static func visibleDamage(_ database: Database) throws -> String? {
        for row in try Row.fetchAll(database, sql: "SELECT * FROM destination") where !Place.isIntact(row) {
            return "a row of `destination` is damaged"
        }
        if try Receipt.isDamaged(beyondCursorsIn: database) { return "a row of `receipt` is damaged" }
        let last = try PreparedStatement(
            database,
            "SELECT \(EventRow.columns) FROM event ORDER BY position DESC LIMIT 1"
        )
        defer { last.reset() }
        guard try last.next() else { return nil }
        let audiences = try AudienceTable(database) { _ in nil }
        return EventRow.read(last, try KindTable(database), audiences) == nil ? "the last event is damaged" : nil
    }

    /// The length of a file, 0 when there is none.
    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private func failure(_ file: String) -> JournalOpenError {
        .unusable(path: path, reason: "\(file): \(String(cString: strerror(errno)))")
    }
}

extension JournalFile {
    /// Whether an error while opening means that the file is broken: its pages, a value, or its schema.
    private static func isDamage(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return error is RowDecodingError }
        return error.isDamage || error.resultCode == .SQLITE_ERROR
    }
}

extension DatabaseError {
    /// Whether the file itself is broken.
    var isDamage: Bool {
        resultCode.primaryResultCode == .SQLITE_CORRUPT || resultCode.primaryResultCode == .SQLITE_NOTADB
    }
}

/// An error of the disk or of SQLite, for people.
func words(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(error)" }
    return "\(error.message ?? "unknown error") (SQLite \(error.extendedResultCode.rawValue))"
}
