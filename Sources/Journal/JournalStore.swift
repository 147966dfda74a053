import GRDB
import GRDBSQLite
import NIOCore
import Webhooks

/// The writer's side of the file: its statements, and what it knows by heart.
///
/// It lives inside one access to the database, on the writer's thread. After an error it is thrown away and made anew
/// from the file, so what it knows never differs from what is there.
final class JournalStore {
    /// A row of `request` that is being worked off.
    struct Request {
        let id: Int64
        let action: JournalRequest.Action
        let filter: JournalFilter
        /// What is to be forgotten, if anything is; nil as well of a `forget` whose number has gone from the file already.
        var oblivion: JournalRequest.Oblivion?
        var resume: Int64
        var done: Int64
        /// Events that stay as they are, because they wait; those found before a restart included.
        var left: Int64
        /// Events that have the number where it stays; counted when it was found at the end.
        var staying = 0

        var isRetry: Bool { action == .retry }
    }

    let database: Database
    /// The last position given away.
    var last: Int64
    /// The configured destinations in their order, then those that only the file knows.
    var places: [Place]
    var kinds: KindTable
    var audiences: AudienceTable
    /// How many destinations are configured.
    let configured: Int
    /// Work for operators, the first one under way.
    var requests: [Request] = []
    /// Pages that hold nothing but zeros, while what was deleted is overwritten.
    var zeroedPages: Int64 = 0
    /// Up to here, entries were looked at in the present round of pruning.
    var prunedThrough: Int64 = 0
    /// The latest moment on the dispatcher's clock that we heard of.
    var dispatcherTime: Int64?

    private let begin: PreparedStatement
    private let commitTransaction: PreparedStatement
    private let insertEvent: PreparedStatement
    private let insertReceipt: PreparedStatement
    private let updateDestination: PreparedStatement
    private let dataVersion: PreparedStatement
    let pageCount: PreparedStatement
    private let freePages: PreparedStatement
    let pageSize: Int64
    /// The bytes of the log that are not in the file yet, or nearly so.
    var logBytes = 0
    /// Bytes written into the log by this connection.
    private(set) var writtenBytes = 0
    /// Tells receipts of the same entries apart; it grows across openings without being looked up.
    private var serial = Timestamp.now().milliseconds << 20
    private var seenDataVersion: Int64
    /// Where the origin of an event is put together.
    private var originColumn: [UInt8] = []
    let settling: SettlingStatements

    /// Reads what has to be known.
    ///
    /// - Parameters:
    ///   - database: inside an access that lasts as long as this object.
    ///   - destinations: the configured names; the missing ones get their rows.
    /// - Throws: `DatabaseError`.
    init(_ database: Database, destinations: [String]) throws {
        self.database = database
        configured = destinations.count
        places = try JournalStore.places(database, destinations)
        kinds = try KindTable(database)
        let places = places
        audiences = try AudienceTable(database) { id in places.firstIndex { $0.id == id } }
        last = try JournalStore.lastPosition(database)
        begin = try PreparedStatement(database, "BEGIN IMMEDIATE")
        commitTransaction = try PreparedStatement(database, "COMMIT")
        insertEvent = try PreparedStatement(
            database,
            """
            INSERT INTO event (position, kind, audience, time, checksum, id, subject, traceparent, data)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        insertReceipt = try PreparedStatement(
            database,
            "INSERT INTO receipt (destination, last, first, serial, time, checksum, entries) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        updateDestination = try PreparedStatement(database, Place.update)
        dataVersion = try PreparedStatement(database, "PRAGMA data_version")
        pageCount = try PreparedStatement(database, "PRAGMA page_count")
        freePages = try PreparedStatement(database, "PRAGMA freelist_count")
        pageSize = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
        settling = try SettlingStatements(database)
        seenDataVersion = try dataVersion.number()
        try loadLines()
        try loadRequests()
    }

    /// Positions are never used twice, not even when the last events are gone.
    static func lastPosition(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT max(coalesce((SELECT max(position) FROM event), 0),
                    coalesce((SELECT max(max(cursor, handed)) FROM destination), 0))
                """
        ) ?? 0
    }

    // MARK: Transactions

    func beginTransaction() throws {
        try begin.run()
    }

    /// Writes what is gathered, and commits with a sync.
    func commit() throws {
        try writePlaces()
        let before = writtenBytes
        try commitTransaction.run()
        writtenBytes = countWrittenBytes()
        logBytes += writtenBytes - before
    }

    /// In WAL mode, every page that is written is a frame of the log.
    private func countWrittenBytes() -> Int {
        var pages: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(database.sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 0)
        return Int(pages) * Int(pageSize)
    }

    /// Whether another process has written since the last call.
    func hasNewsFromOutside() throws -> Bool {
        let version = try dataVersion.number()
        defer { seenDataVersion = version }
        return version != seenDataVersion
    }

    /// The bytes of the file that are in use.
    func usedBytes() throws -> Int {
        Int(try (pageCount.number() - freePages.number() - zeroedPages) * pageSize)
    }

    /// The pages of the file that are not in use.
    func unusedPages() throws -> Int64 { try freePages.number() }

    // MARK: Appending

    /// Adds an event to the open transaction.
    ///
    /// - Returns: its position.
    /// - Throws: `DatabaseError`.
    func append(_ entry: NewEntry) throws -> Int64 {
        let kind = try kinds.find(entry, database)
        let audience = try audiences.find(entry.destinations, database, destinations: places)
        let position = last + 1
        let time = entry.event.time.milliseconds
        let checksum = EventRow.checksum(
            position: position,
            kind: kind.checksum,
            audience: audience.checksum,
            time: time
        )
        insertEvent.bind(1, position)
        insertEvent.bind(2, kind.id)
        insertEvent.bind(3, audience.id)
        insertEvent.bind(4, time)
        try insert(entry.event, checksum)
        last = position
        for place in 0..<configured {
            if entry.destinations.contains(place) {
                places[place].counts.accepted += 1
                places[place].isChanged = true
            } else {
                places[place].line.leave(position)
            }
        }
        return position
    }

    /// Binds the rest of the row without copying it, and runs while the bytes are lent.
    private func insert(_ event: Event, _ start: Checksum) throws {
        let statement = insertEvent
        var checksum = start
        var subject = event.draft.subject
        originColumn.removeAll(keepingCapacity: true)
        EventOrigin.write(event, to: &originColumn)
        try withUnsafeBytes(of: (event.id.high.bigEndian, event.id.low.bigEndian)) { id in
            checksum.mix(id)
            statement.bind(6, lent: id)
            try subject.withUTF8 { subject in
                checksum.mix(UnsafeRawBufferPointer(subject))
                statement.bind(7, lent: subject)
                try originColumn.withUnsafeBufferPointer { text in
                    checksum.mix(UnsafeRawBufferPointer(text))
                    if text.isEmpty {
                        statement.bind(8, nil as Int64?)
                    } else {
                        statement.bind(8, lent: text)
                    }
                    try event.draft.data.withUnsafeReadableBytes { data in
                        checksum.mix(data)
                        statement.bind(9, lent: data)
                        statement.bind(5, checksum.value)
                        try statement.run()
                    }
                }
            }
        }
    }

    // MARK: Destinations

    /// Brings rows up to what is known, and writes receipts.
    private func writePlaces() throws {
        let now = Timestamp.now().milliseconds
        for place in places.indices {
            if !places[place].receipts.isEmpty { try writeReceipt(place, now: now) }
            places[place].line.advance()
            // A cursor that moved over unwanted entries alone is worth a write only now and then: without it, a
            // restart looks at these few again.
            let isBehind = places[place].line.cursor - places[place].writtenCursor >= 1000
            guard places[place].isChanged || isBehind else { continue }
            try writeRow(place)
        }
    }

    /// Writes the row of one destination.
    func writeRow(_ place: Int) throws {
        places[place].bind(to: updateDestination)
        try updateDestination.run()
        places[place].writtenCursor = places[place].line.cursor
        places[place].isChanged = false
    }

    private func writeReceipt(_ place: Int, now: Int64) throws {
        var entries: [Receipt.Entry] = []
        swap(&entries, &places[place].receipts)
        if !zip(entries, entries.dropFirst()).allSatisfy({ $0.position <= $1.position }) {
            entries.sort { $0.position < $1.position }
        }
        guard let first = entries.first?.position, let last = entries.last?.position else { return }
        let bytes = Receipt.encode(first: first, time: now, entries)
        serial += 1
        insertReceipt.bind(1, places[place].id)
        insertReceipt.bind(2, last)
        insertReceipt.bind(3, first)
        insertReceipt.bind(4, serial)
        insertReceipt.bind(5, now)
        try bytes.withUnsafeBytes { bytes in
            insertReceipt.bind(
                6,
                Receipt.checksum(destination: places[place].id, first: first, last: last, bytes)
            )
            insertReceipt.bind(7, lent: bytes)
            try insertReceipt.run()
        }
        entries.removeAll(keepingCapacity: true)
        swap(&entries, &places[place].receipts)
    }
}
