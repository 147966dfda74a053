import Foundation
import GRDB
import HookgateTesting
import JournalTesting
import NIOCore
import NIOPosix
import Testing
import Webhooks

@testable import Journal

/// What those who want to be forgotten are promised.
@Suite("A number is taken out of everything that is kept", .timeLimit(.minutes(1)))
struct ErasingTests {
    private static let number = "498999998071"

    /// Replaces the number where it is a text of its own; what it means elsewhere, the journal does not know.
    private static let eraser = JournalEraser(
        eraser: { number in
            { data in
                let text = String(buffer: data)
                let whole = "\"\(number)\""
                return text.contains(whole) ? ByteBuffer(string: text.replacing(whole, with: "\"erased\"")) : nil
            }
        },
        trace: { Array($0.utf8) }
    )

    private func open(
        _ files: TemporaryJournal,
        _ destinations: [String] = ["a", "b"],
        busyTimeout: TimeAmount = .seconds(2)
    ) async throws -> JournalHarness {
        var limits = JournalLimits()
        limits.watchInterval = .milliseconds(25)
        limits.busyTimeout = busyTimeout
        return JournalHarness(
            try await SQLiteJournal.open(
                path: files.path,
                destinations: destinations,
                limits: limits,
                eraser: ErasingTests.eraser
            )
        )
    }

    /// An event of some size, which may hold the number.
    private func entry(_ index: Int, _ isConcerned: Bool, bytes: Int = 900) -> NewEntry {
        let filler = String(repeating: "x", count: bytes)
        let number = isConcerned ? ErasingTests.number : "4930\(1_000_000 + index)"
        let draft = EventDraft(
            type: EventType(namespace: "io.sipgate", name: "call.started"),
            subject: "\(index)",
            data: ByteBuffer(string: #"{"from":"\#(number)","filler":"\#(filler)","again":"\#(number)"}"#)
        )
        let time = Timestamp.now()
        let event = Event(id: EventID(time: time, random: (UInt64(index), 7)), source: "s", time: time, draft: draft)
        return NewEntry(event: event, route: "/a", destinations: DestinationSet([0, 1]))
    }

    private func forget(_ files: TemporaryJournal, isImmediate: Bool = false) async throws -> JournalRequest.Progress {
        let request = try JournalRequest(forgetting: ErasingTests.number, isImmediate: isImmediate, path: files.path)
        while true {
            let progress = try #require(try request.progress())
            if progress.isFinished { return progress }
            await Task.yield()
        }
    }

    /// In which of the journal's files the number stands.
    private func traces(_ files: TemporaryJournal) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: files.directory.path).filter { name in
            let data = try Data(contentsOf: URL(fileURLWithPath: files.directory.path + "/" + name))
            return data.range(of: Data(ErasingTests.number.utf8)) != nil
        }
    }

    /// Has the number forgotten as far as that goes while a reader is in the way of the log; it goes on when that commits.
    private func forgetUpToReader(
        of files: TemporaryJournal
    ) async throws -> (reader: DatabaseQueue, request: JournalRequest) {
        let reader = try files.otherProcess()
        try await reader.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM event")
        }
        let request = try JournalRequest(forgetting: ErasingTests.number, isImmediate: false, path: files.path)
        let orders = try files.otherProcess()
        while try await orders.read({ try String.fetchOne($0, sql: "SELECT filter FROM request") }) != "{}" {
            await Task.yield()
        }
        return (reader, request)
    }

    private func settleAll(_ harness: JournalHarness) async throws {
        for destination in 0..<2 {
            while case let leases = try await harness.read(destination), !leases.isEmpty {
                for lease in leases { harness.settle(lease, at: destination, .delivered) }
            }
        }
    }

    @Test("out of events, their log, and whatever was deleted before; everything else stays, and adds up")
    func everywhere() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        for batch in 0..<40 {
            try await harness.append(
                (0..<25).map { entry(batch * 25 + $0, $0 % 5 == 0, bytes: $0 % 7 == 0 ? 9000 : 700) }
            )
        }
        try await settleAll(harness)
        // As pruning does, on the connection's own terms: the pages keep what stood in them.
        try await harness.close()
        let queue = try DatabaseQueue(path: files.path)
        try await queue.write { database in
            try database.execute(sql: "PRAGMA secure_delete = OFF; DELETE FROM event WHERE position <= 500")
        }
        try queue.close()
        #expect(try traces(files) == ["journal.sqlite"])
        let before = try JournalReader(path: files.path).tail(JournalFilter(), after: .start, limit: 2000)

        let again = try await open(files)
        let progress = try await forget(files)
        #expect(progress.done == 100 && progress.left == 0 && progress.problem == nil)
        #expect(try traces(files) == [])
        #expect(try await forget(files).done == 0)
        let after = try JournalReader(path: files.path).tail(JournalFilter(), after: .start, limit: 2000)
        #expect(after.count == before.count)
        for (old, new) in zip(before, after) {
            let expected = String(buffer: old.entry.event.draft.data).replacing(ErasingTests.number, with: "erased")
            #expect(String(buffer: new.entry.event.draft.data) == expected)
            #expect(old.entry.event.id == new.entry.event.id)
        }
        // What was rewritten is as sound as what was not: it is read back, and delivered.
        try await again.append([entry(5000, false)])
        #expect(try await again.read(0).count == 1)
        try await again.close()
        let tables = try await DatabaseQueue(path: files.path).read { database in
            let damaged = try EventRowCheck.damaged(database)
            let names = try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE name = 'zeros'")
            return (damaged, names, try String.fetchOne(database, sql: "PRAGMA integrity_check"))
        }
        #expect(tables.0 == 0 && tables.1.isEmpty && tables.2 == "ok")
        #expect(try traces(files) == [])
    }

    @Test("what waits is left unless it is wanted at once, and is then delivered without the number")
    func waiting() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        try await harness.append((1...4).map { entry($0, true) })
        let leases = try await harness.read(0)
        for lease in leases { harness.settle(lease, .delivered) }
        let others = try await harness.read(1)
        harness.settle(others[0], at: 1, .delivered)
        harness.settle(others[1], at: 1, .dead(reason: "refused"))
        harness.settle(others[2], at: 1, .deferred(until: Timestamp(milliseconds: 1 << 50)))
        _ = try await harness.read(0)
        let first = try await forget(files)
        #expect(first.done == 2 && first.left == 2)
        #expect(!(try traces(files)).isEmpty)
        let second = try await forget(files, isImmediate: true)
        #expect(second.done == 2 && second.left == 0)
        #expect(try traces(files) == [])
        #expect(try files.problems() == [])
        let due = try await harness.lease(1, now: 1 << 51).leases
        #expect(due.count == 1 && String(buffer: due[0].entry.event.draft.data).contains("erased"))
        try await harness.close()
    }

    @Test("while a reader is in the way of the log, pushes are accepted, and it ends once the reader does")
    func reader() async throws {
        let files = try TemporaryJournal()
        // Whoever waits for a reader waits for longer than this test may take.
        let harness = try await open(files, busyTimeout: .hours(1))
        try await harness.append([entry(1, true)])
        try await settleAll(harness)
        let (other, request) = try await forgetUpToReader(of: files)
        for index in 2...20 { try await harness.append([entry(index, false)]) }
        #expect(try request.progress()?.isFinished == false)
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        while try request.progress()?.isFinished == false { await Task.yield() }
        #expect(try request.progress()?.problem == nil)
        #expect(try traces(files) == [])
        try await harness.close()
    }

    @Test("a restart in the middle does not forget that something was left because it waits")
    func restart() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        try await harness.append([entry(1, true)])
        try await harness.close()
        let order = try JSONEncoder().encode(
            JournalRequest.Oblivion(number: ErasingTests.number, isImmediate: false)
        )
        let queue = try DatabaseQueue(path: files.path)
        try await queue.write { database in
            try database.execute(
                sql: "INSERT INTO request (time, action, filter, resume, total) VALUES (1, 'forget', ?, 1, 1)",
                arguments: [String(decoding: order, as: UTF8.self)]
            )
        }
        let again = try await open(files)
        let ended = "SELECT * FROM request WHERE finished IS NOT NULL"
        var row: Row?
        while row == nil { row = try queue.read { try Row.fetchOne($0, sql: ended) } }
        #expect(row?["problem"] as String? == nil && row?["total"] as Int? == 1)
        try await again.close()
    }

    /// The bytes of the file, for a test that looks behind SQLite's back or goes there.
    private func pages(_ files: TemporaryJournal) throws -> [[UInt8]] {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: files.path)))
        return stride(from: 0, to: bytes.count, by: 4096).map { Array(bytes[$0..<min($0 + 4096, bytes.count)]) }
    }

    private func plant(_ files: TemporaryJournal, page: Int, offset: Int) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: files.path))
        try handle.seek(toOffset: UInt64(page * 4096 + offset))
        try handle.write(contentsOf: Data(ErasingTests.number.utf8))
        try handle.close()
    }

    @Test("out of the gaps of pages, while the gateway runs and however large the file is")
    func gaps() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        for batch in 0..<20 { try await harness.append((0..<25).map { entry(batch * 25 + $0, false, bytes: 700) }) }
        try await settleAll(harness)
        try await harness.close()
        let queue = try DatabaseQueue(path: files.path)
        try await queue.write { try $0.execute(sql: "DELETE FROM event WHERE position BETWEEN 100 AND 300") }
        try queue.close()
        // Between the pointers to its cells and the first of them, a full page has a few bytes.
        var planted = 0
        for (index, page) in try pages(files).enumerated() where page[0] == 0x0D || page[0] == 0x0A {
            let gap = 8 + 2 * (Int(page[3]) << 8 | Int(page[4]))
            guard (Int(page[5]) << 8 | Int(page[6])) - gap >= ErasingTests.number.utf8.count else { continue }
            try plant(files, page: index, offset: gap)
            planted += 1
        }
        #expect(planted > 50)
        #expect(try traces(files) == ["journal.sqlite"])
        let again = try await open(files)
        let progress = try await forget(files)
        #expect(progress.problem == nil && progress.done == 0)
        #expect(try traces(files) == [])
        try await again.append([entry(5000, false)])
        try await again.close()
        #expect(try traces(files) == [])
        let (free, words) = try await DatabaseQueue(path: files.path).read { database in
            let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count")
            return (free, try String.fetchOne(database, sql: "PRAGMA integrity_check"))
        }
        // It was not written anew: that would keep pushes waiting.
        #expect((free ?? 0) > 30 && words == "ok")
    }

    @Test("what only a new file is rid of is told while the gateway runs, and done when it is stopped")
    func slack() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        try await harness.append([entry(1, false, bytes: 8250)])
        try await settleAll(harness)
        try await harness.close()
        // The last page of a content that goes over several.
        let last = try pages(files).firstIndex { $0[0..<4] == [0, 0, 0, 0] && $0[4] == UInt8(ascii: "x") }
        try plant(files, page: try #require(last), offset: 4000)
        let running = try await open(files)
        let progress = try await forget(files)
        #expect(progress.problem?.contains("with the gateway stopped") == true)
        try await running.close()
        #expect(try traces(files) == ["journal.sqlite"])
        let stopped = try await open(files, [])
        #expect(try await forget(files).problem == nil)
        #expect(try traces(files) == [])
        try await stopped.close()
    }

    @Test("a crash behind the last event leaves nothing: the next process ends it, log and all")
    func crash() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        try await harness.append([entry(1, true), entry(2, false)])
        try await settleAll(harness)
        // A reader keeps it where the number has gone from the request, and the log is not emptied yet.
        let other = try files.otherProcess()
        try await other.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN")
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM event")
        }
        _ = try JournalRequest(forgetting: ErasingTests.number, isImmediate: false, path: files.path)
        while try await other.read({ _ in
            try DatabaseQueue(path: files.path).read { try String.fetchOne($0, sql: "SELECT filter FROM request") }
        }) != "{}" { await Task.yield() }
        try files.copyAside()
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        try other.close()
        try await harness.close()
        try files.restoreCopy()
        #expect(!(try traces(files)).isEmpty)

        let again = try await open(files)
        let queue = try DatabaseQueue(path: files.path)
        while try await queue.read({ try Int64.fetchOne($0, sql: "SELECT finished FROM request") }) == nil {
            await Task.yield()
        }
        #expect(try traces(files) == [])
        #expect(try await queue.read { try String.fetchOne($0, sql: "SELECT problem FROM request") } == nil)
        let kept = try JournalReader(path: files.path).tail(JournalFilter(), after: .start, limit: 10)
        #expect(kept.count == 2)
        try await again.close()
    }

    @Test("whoever goes on with it overwrites what is given up, and counts what was filled with zeros as free")
    func resumed() async throws {
        let files = try TemporaryJournal()
        try await open(files).close()
        let queue = try DatabaseQueue(path: files.path)
        try await queue.write { database in
            try database.execute(
                sql: "INSERT INTO request (time, action, filter) VALUES (1, 'forget', '{}');"
                    + "CREATE TABLE zeros (content BLOB NOT NULL) STRICT; INSERT INTO zeros VALUES (zeroblob(1000000))"
            )
        }
        try await queue.write { database in
            try database.execute(sql: "PRAGMA secure_delete = FAST")
            let store = try JournalStore(database, destinations: ["a", "b"])
            #expect(try Int.fetchOne(database, sql: "PRAGMA secure_delete") == 1)
            #expect(store.zeroedPages == 245)
        }
    }

    @Test("a process that does not know how says so, and one that comes later goes on where it was")
    func unknown() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open(
            limits: {
                var limits = JournalLimits()
                limits.watchInterval = .milliseconds(25)
                return limits
            }()
        )
        try await harness.append([entry(1, true)])
        let progress = try await forget(files)
        #expect(progress.problem?.contains("does not know") == true && progress.done == 0)
        try await harness.close()
    }

    @Test(
        "a number that is part of a longer one is another one, and is no obstacle",
        arguments: ["66", "0"]
    )
    func longer(_ digits: String) async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        let longer = ErasingTests.number + digits
        try await harness.append([
            entry(1, true), JournalHarness.entry(2, data: ByteBuffer(string: #"{"from":"\#(longer)"}"#)),
            JournalHarness.entry(3, data: ByteBuffer(string: #"{"from":"1\#(ErasingTests.number)"}"#)),
        ])
        try await settleAll(harness)
        let progress = try await forget(files)
        #expect(progress.problem == nil && progress.done == 1)
        let kept = try JournalReader(path: files.path).tail(JournalFilter(), after: .start, limit: 10)
        #expect(String(buffer: kept[1].entry.event.draft.data).contains(longer))
        try await harness.close()
    }

    @Test("of a number that stands where it stays, that is told, with the gateway running and stopped")
    func staying() async throws {
        let files = try TemporaryJournal()
        let harness = try await open(files)
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 a=\(ErasingTests.number)"
        try await harness.append([entry(1, true), JournalHarness.entry(2, traceParent: trace)])
        try await settleAll(harness)
        for done in [1, 0] {
            let progress = try await forget(files)
            #expect(progress.done == done && progress.left == 0)
            let words =
                "the number stands in an id, a trace or a certificate of 1 event, which stay until they are pruned: "
            #expect(progress.problem == words + "whether it stands anywhere else is told with the gateway stopped")
        }
        try await harness.close()
        let stopped = try await open(files, [])
        let progress = try await forget(files)
        #expect(
            progress.problem
                == "the number stands in an id, a trace or a certificate of 1 event, which stay until they are pruned"
        )
        try await stopped.close()
    }

    @Test("what came meanwhile is erased as well, also when the second pass is interrupted")
    func secondPass() async throws {
        let files = try TemporaryJournal()
        let notices = NoticeBox()
        var limits = JournalLimits()
        limits.watchInterval = .milliseconds(25)
        limits.probeInterval = .milliseconds(5)
        let harness = JournalHarness(
            try await SQLiteJournal.open(
                path: files.path,
                destinations: ["a", "b"],
                limits: limits,
                eraser: ErasingTests.eraser,
                report: notices.put
            )
        )
        try await harness.append([entry(1, true)])
        try await settleAll(harness)
        let (other, request) = try await forgetUpToReader(of: files)
        let orders = try files.otherProcess()
        // The first pass is over; the second fails with what came meanwhile, and is begun anew from the file.
        try await harness.append([entry(2, true)])
        try await settleAll(harness)
        try await orders.write { database in
            try database.execute(
                sql: "CREATE TRIGGER obstacle BEFORE UPDATE OF data ON event BEGIN SELECT RAISE(ABORT, 'obstacle'); END"
            )
        }
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        while !notices.all.contains(where: { if case .unavailable = $0 { true } else { false } }) { await Task.yield() }
        try await orders.write { try $0.execute(sql: "DROP TRIGGER obstacle") }
        while try request.progress()?.isFinished == false { await Task.yield() }
        #expect(try request.progress()?.problem == nil)
        #expect(try traces(files) == [])
        try await harness.close()
    }

    @Test("bytes are found wherever they stand", arguments: ["ab", "aab", "b", "caab"])
    func search(_ wanted: String) {
        let text = Array("xxaacaab".utf8)
        let search = NumberSearch(Array(wanted.utf8))
        text.withUnsafeBytes { #expect(search.finds(in: $0)) }
        text.dropLast().withUnsafeBytes { #expect(!search.finds(in: $0)) }
    }

    @Test(
        "a number is found as a whole, wherever a stretch ends",
        arguments: [
            ("a4930b", true), ("4930", true), ("004930", true), (".004930.", true), ("14930", false), ("49301", false),
            ("0004930", false), ("04930", false), ("1004930", false), ("49304930", false), ("4930 49301", true),
            ("493014930 4930", true), ("493 0", false), ("", false),
        ]
    )
    func whole(_ text: String, _ expected: Bool) {
        let search = NumberSearch(Array("4930".utf8))
        let bytes = Array("xxxx\(text)".utf8)
        bytes.withUnsafeBytes { #expect(search.finds(in: $0) == expected) }
        for stretch in stride(from: search.overlap + 1, to: bytes.count + 2, by: 1) {
            var (offset, found, isEnd) = (0, false, false)
            while !isEnd {
                let part = Array(bytes[offset..<min(bytes.count, offset + stretch)])
                isEnd = part.count < stretch
                if part.withUnsafeBytes({ search.finds(in: $0, isBeginning: offset == 0, isEnd: isEnd) }) {
                    found = true
                }
                offset += part.count - search.overlap
            }
            #expect(found == expected, "\(stretch)")
        }
    }
}

/// Looks through all events for rows whose checksum is wrong.
private enum EventRowCheck {
    static func damaged(_ database: Database) throws -> Int {
        let kinds = try KindTable(database)
        let audiences = try AudienceTable(database) { _ in nil }
        let rows = try PreparedStatement(database, "SELECT \(EventRow.columns) FROM event")
        var count = 0
        while try rows.next() {
            if EventRow.read(rows, kinds, audiences) == nil { count += 1 }
        }
        return count
    }
}
