import Foundation
import GRDB
import HookgateTesting
import Testing

@testable import Journal

/// The log of a real database: one row a commit, some of them larger than a page.
private struct LogFixture {
    let folder: TemporaryDirectory
    let commits = 120
    let file: [UInt8]
    let log: [UInt8]
    let pageSize = 4096

    init() throws {
        folder = try TemporaryDirectory()
        let path = folder.path + "/made.sqlite"
        let database = try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "CREATE TABLE row (number INTEGER PRIMARY KEY, text BLOB NOT NULL)")
        }
        for number in 1...commits {
            try database.write { database in
                try database.execute(
                    sql: "INSERT INTO row VALUES (?, ?)",
                    arguments: [number, Data(repeating: UInt8(number), count: number % 7 == 0 ? 6000 : 700)]
                )
            }
        }
        file = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        log = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path + "-wal")))
        try database.close()
    }

    /// The rows that SQLite sees with this log.
    func rows(with log: [UInt8]) throws -> Set<Int> {
        let path = folder.path + "/read.sqlite"
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        try Data(file).write(to: URL(fileURLWithPath: path))
        try Data(log).write(to: URL(fileURLWithPath: path + "-wal"))
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }
        // Without a transaction: its end would fail for what stands in the way.
        return try database.inDatabase { database in
            var rows: Set<Int> = []
            // Table pages that are out of step end the way; from both sides everything else is reached.
            for order in ["ASC", "DESC"] {
                let cursor = try Int.fetchCursor(database, sql: "SELECT number FROM row ORDER BY number \(order)")
                while let number = (try? cursor.next()) ?? nil { rows.insert(number) }
            }
            return rows
        }
    }

    func mended(_ log: [UInt8]) -> WriteAheadLog.Mended? {
        WriteAheadLog(log, pageSize: pageSize).mended()
    }
}

@Suite struct WriteAheadLogTests {
    @Test func `a sound log is left as it is, and so is one that was cut off anywhere`() throws {
        let fixture = try LogFixture()
        #expect(try fixture.rows(with: fixture.log).count == fixture.commits)
        #expect(fixture.mended(fixture.log) == nil)
        for length in stride(from: 0, through: fixture.log.count, by: 997) {
            #expect(fixture.mended(Array(fixture.log.prefix(length))) == nil, "\(length)")
        }
        // The last transaction is torn, as by a power cut.
        var torn = fixture.log
        for index in (torn.count - 2000)..<torn.count { torn[index] = 0 }
        #expect(fixture.mended(torn) == nil)
    }

    @Test func `remains of an earlier log behind a shorter one are no damage`() throws {
        let fixture = try LogFixture()
        var other = try LogFixture().log
        let frame = 24 + fixture.pageSize
        // A new log overwrote the first ten frames of an old one.
        other.replaceSubrange(0..<32 + 10 * frame, with: fixture.log[0..<32 + 10 * frame])
        #expect(fixture.mended(other) == nil)
    }

    @Test func `a flipped bit in the middle does not hide what was committed behind it`() throws {
        let fixture = try LogFixture()
        let frame = 24 + fixture.pageSize
        let total = (fixture.log.count - 32) / frame
        var random = SystemRandomNumberGenerator()
        for _ in 0..<60 {
            var damaged = fixture.log
            // Behind the frames that make the table.
            let place = Int.random(in: 32 + 8 * frame..<32 + (total - 8) * frame, using: &random)
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let hidden = try fixture.rows(with: damaged)
            try #require(!hidden.contains(fixture.commits), "SQLite saw the end all the same at \(place)")
            let mended = try #require(fixture.mended(damaged), "place \(place)")
            #expect(mended.dropped <= 1)
            let rows = try fixture.rows(with: mended.bytes)
            #expect(rows.contains(fixture.commits), "place \(place)")
            // A page that is lost takes its rows with it unless a later version of the page came.
            #expect(rows.count >= fixture.commits - 12, "place \(place): \(rows.count)")
            // What was mended is sound.
            #expect(fixture.mended(mended.bytes) == nil)
        }
    }

    @Test func `a broken head of the log, or a broken checksum of a frame, loses nothing at all`() throws {
        let fixture = try LogFixture()
        let frame = 24 + fixture.pageSize
        let heads = Array(0..<12) + Array(24..<32)
        for place in heads + [32 + 16, 32 + 40 * frame + 16, 32 + 40 * frame + 23] {
            var damaged = fixture.log
            damaged[place] ^= 0x10
            let mended = try #require(fixture.mended(damaged), "place \(place)")
            #expect(try fixture.rows(with: mended.bytes).count == fixture.commits, "place \(place)")
            #expect(mended.dropped == 0, "place \(place)")
        }
    }
}
