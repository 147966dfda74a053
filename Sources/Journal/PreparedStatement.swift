import GRDB
import GRDBSQLite
import NIOCore

/// One statement, compiled once and run many times without a copy of what is bound to it.
///
/// Used inside an access to its database only, as GRDB wants it.
struct PreparedStatement {
    /// Keeps the compiled statement alive; GRDB finalizes it.
    private let owner: Statement
    private let pointer: OpaquePointer

    init(_ database: Database, _ sql: String) throws {
        owner = try database.makeStatement(sql: sql)
        pointer = owner.sqliteStatement
    }

    /// One that GRDB keeps with the connection.
    init(cachedIn database: Database, _ sql: String) throws {
        owner = try database.cachedStatement(sql: sql)
        pointer = owner.sqliteStatement
    }

    // MARK: Binding; places count from 1

    func bind(_ place: Int32, _ value: Int64) {
        sqlite3_bind_int64(pointer, place, value)
    }

    func bind(_ place: Int32, _ value: Int64?) {
        if let value {
            sqlite3_bind_int64(pointer, place, value)
        } else {
            sqlite3_bind_null(pointer, place)
        }
    }

    /// Binds bytes as a blob; they have to stay where they are until the statement has run.
    func bind(_ place: Int32, lent bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress {
            sqlite3_bind_blob64(pointer, place, base, UInt64(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(pointer, place, 0)
        }
    }

    /// Binds UTF-8 as text; it has to stay where it is until the statement has run.
    func bind(_ place: Int32, lent text: UnsafeBufferPointer<UInt8>) {
        guard let base = text.baseAddress else { return bind(place, "") }
        base.withMemoryRebound(to: CChar.self, capacity: text.count) { characters in
            _ = sqlite3_bind_text(pointer, place, characters, Int32(text.count), nil)
        }
    }

    /// Binds a copy of a text; nil is NULL.
    func bind(_ place: Int32, _ text: String?) {
        guard let text else {
            sqlite3_bind_null(pointer, place)
            return
        }
        // SQLITE_TRANSIENT, a cast in C: SQLite copies before it returns.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_bind_text(pointer, place, text, -1, transient)
    }

    // MARK: Running

    /// Runs it to its end.
    ///
    /// - Throws: `DatabaseError`.
    func run() throws {
        let code = sqlite3_step(pointer)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure() }
        sqlite3_reset(pointer)
    }

    /// Goes to the next row; at the end, makes it ready for the next run.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `DatabaseError`.
    func next() throws -> Bool {
        let code = sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw failure() }
        sqlite3_reset(pointer)
        return false
    }

    /// Ends a run before its last row.
    func reset() {
        sqlite3_reset(pointer)
    }

    /// The first column of the first row, 0 when there is none.
    ///
    /// - Throws: `DatabaseError`.
    func number() throws -> Int64 {
        guard try next() else { return 0 }
        let number = integer(0)
        reset()
        return number
    }

    /// What SQLite says about the step that failed; the statement can be run again.
    private func failure() -> DatabaseError {
        let connection = sqlite3_db_handle(pointer)
        let error = DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection))
        )
        sqlite3_reset(pointer)
        return error
    }

    // MARK: Columns of the present row, from 0

    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(pointer, column)
    }

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(pointer, column) == SQLITE_NULL
    }

    func text(_ column: Int32) -> String {
        String(decoding: bytes(column), as: UTF8.self)
    }

    /// The bytes of a blob or text, valid until the next step.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let base = sqlite3_column_blob(pointer, column)
        return UnsafeRawBufferPointer(start: base, count: base == nil ? 0 : Int(sqlite3_column_bytes(pointer, column)))
    }
}
