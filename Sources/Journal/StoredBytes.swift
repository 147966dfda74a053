import GRDB
import GRDBSQLite

/// The bytes of a journal's file as they stand there, read through SQLite.
///
/// When a process closes any descriptor of a file, the system drops all locks the process has on that file, also those
/// of SQLite's connections (https://www.sqlite.org/howtocorrupt.html, section 2.2). Another process then takes itself
/// for the last one and removes the write-ahead log under a connection that goes on writing into it. SQLite knows what it
/// has locked and closes no such descriptor, so nothing but SQLite may open a file that a connection may have open.
enum StoredBytes {
    /// Reads on the descriptor of a connection.
    ///
    /// - Returns: what is there of the stretch; nothing behind the end.
    /// - Throws: `DatabaseError`.
    static func read(_ count: Int, at offset: Int, _ database: Database) throws -> [UInt8] {
        guard let file = file(of: database), let bytes = read(file, count, at: offset) else {
            throw DatabaseError(resultCode: .SQLITE_IOERR, message: "the file cannot be read at byte \(offset)")
        }
        return bytes
    }

    /// Puts zeros in the place of bytes, on the descriptor of a connection, and waits for the disk.
    ///
    /// - Throws: `DatabaseError`.
    static func clear(_ ranges: [Range<Int>], _ database: Database) throws {
        guard let file = file(of: database), let methods = file.pointee.pMethods, let write = methods.pointee.xWrite,
            let sync = methods.pointee.xSync
        else { throw DatabaseError(resultCode: .SQLITE_IOERR, message: "the file cannot be written") }
        let zeros = [UInt8](repeating: 0, count: ranges.map(\.count).max() ?? 0)
        for range in ranges {
            let code = write(file, zeros, Int32(range.count), sqlite3_int64(range.lowerBound))
            guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        }
        let code = sync(file, SQLITE_SYNC_NORMAL)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// The open file of a connection.
    private static func file(of database: Database) -> UnsafeMutablePointer<sqlite3_file>? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_FILE_POINTER, &file)
        return code == SQLITE_OK ? file : nil
    }

    /// Reads the beginning of a file, whether it is open in this process or not.
    ///
    /// - Returns: less than wanted of a shorter file; nil when it cannot be read.
    static func head(_ count: Int, of path: String) -> [UInt8]? {
        guard let system = sqlite3_vfs_find(nil), let open = system.pointee.xOpen else { return nil }
        let size = Int(system.pointee.szOsFile)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        let file = memory.assumingMemoryBound(to: sqlite3_file.self)
        // Parameters may stand behind the name; a second zero says that there are none.
        return (path + "\0").withCString { name in
            let code = open(system, name, file, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, nil)
            defer { _ = file.pointee.pMethods?.pointee.xClose?(file) }
            return code == SQLITE_OK ? read(file, count, at: 0) : nil
        }
    }

    private static func read(_ file: UnsafeMutablePointer<sqlite3_file>, _ count: Int, at offset: Int) -> [UInt8]? {
        guard let methods = file.pointee.pMethods, let measure = methods.pointee.xFileSize,
            let read = methods.pointee.xRead
        else { return nil }
        var size: sqlite3_int64 = 0
        guard measure(file, &size) == SQLITE_OK else { return nil }
        let present = min(count, Int(size) - offset, Int(Int32.max))
        guard present > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: present)
        return read(file, &bytes, Int32(present), sqlite3_int64(offset)) == SQLITE_OK ? bytes : nil
    }
}
