import Foundation
import GRDB
import HookgateTesting
import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Journal

@Suite("A journal opens, or says what to do")
struct OpeningTests {
    @Test("the file and its directory are made for us alone, and commits are synced")
    func create() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/var/journal.sqlite"
        let journal = try await SQLiteJournal.open(path: path, destinations: ["a"])
        let harness = JournalHarness(journal)
        try await harness.append([JournalHarness.entry(1)])
        for (file, mode) in [("", 0o600), ("-wal", 0o600), (".lock", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + file)
            #expect((attributes[.posixPermissions] as? Int) == mode, "\(file)")
        }
        try await harness.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"), "a clean end leaves no log")
    }

    @Test("a caller is answered by a writer that is idle, and never by one that has ended")
    func call() async throws {
        let directory = try TemporaryDirectory()
        let journal = try await SQLiteJournal.open(path: directory.path + "/journal.sqlite", destinations: ["a"])
        for _ in 0..<3 {
            await withCheckedContinuation { continuation in journal.call { continuation.resume() } }
        }
        try await JournalHarness(journal).close()
        journal.call { Issue.record("the writer has ended") }
    }

    @Test("a second process is refused, and told who holds it")
    func lock() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        await #expect(throws: JournalOpenError.locked(path: files.path, process: getpid())) {
            try await files.open()
        }
        let words = JournalOpenError.locked(path: "/j", process: 7).description
        #expect(words.contains("process 7") && words.contains("stop"))
        try await harness.close()
        try await files.open().close()
    }

    @Test("a journal of a later version is refused and left alone")
    func newer() async throws {
        let files = try TemporaryJournal()
        try await files.open().close()
        let database = try DatabaseQueue(path: files.path)
        try await database.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99')") }
        try database.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: files.path))
        await #expect(throws: JournalOpenError.newer(path: files.path)) { try await files.open() }
        #expect(try Data(contentsOf: URL(fileURLWithPath: files.path)) == before)
    }

    @Test("another program's database is refused")
    func foreign() async throws {
        let files = try TemporaryJournal()
        let database = try DatabaseQueue(path: files.path)
        try await database.write { try $0.execute(sql: "CREATE TABLE song (title TEXT)") }
        try database.close()
        await #expect(throws: JournalOpenError.foreign(path: files.path)) { try await files.open() }
    }

    @Test("a path that cannot be is an error in words")
    func impossible() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("", to: "file")
        let folder = directory.path + "/folder"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for path in ["\(file)/journal.sqlite", "\(directory.path)/a/b/journal.sqlite", folder] {
            let error = await #expect(throws: JournalOpenError.self) {
                try await SQLiteJournal.open(path: path, destinations: [])
            }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test("destinations are known by name, whatever their order, and those no longer configured keep what waits")
    func names() async throws {
        let files = try TemporaryJournal()
        var harness = try await files.open(["a", "b"])
        try await harness.append([JournalHarness.entry(1, to: [0, 1]), JournalHarness.entry(2, to: [1])])
        harness.settle(try await harness.read(0)[0], .delivered)
        try await harness.close()

        harness = try await files.open(["c", "b"])
        #expect(try await harness.read(0).isEmpty)
        #expect(try await harness.read(1).map(\.entry.position.value) == [1, 2])
        try await harness.append([JournalHarness.entry(3, to: [0, 1])])
        #expect(try await harness.read(0).map(\.entry.position.value) == [3])
        try await harness.close()

        harness = try await files.open(["b", "a", "c"])
        #expect(try await harness.read(1).isEmpty)
        #expect(try await harness.read(2).map(\.entry.position.value) == [3])
        try await harness.close()
        let lines = try JournalReader(path: files.path).audit()
        #expect(lines.map(\.destination) == ["a", "b", "c"])
        #expect(lines.map(\.ledger.pending) == [0, 3, 1])
        #expect(try files.problems() == [])
    }

    @Test("what was handed out before counts as an attempt after a restart")
    func attempts() async throws {
        let files = try TemporaryJournal()
        var harness = try await files.open()
        let (box, _) = try await harness.attach(0)
        try await harness.append([JournalHarness.entry(1)])
        _ = await box.wait(for: 1)
        try await harness.append([JournalHarness.entry(2, to: [1])])
        try await harness.close()
        harness = try await files.open()
        #expect(try await harness.read(0).map(\.attempt) == [2])
        #expect(try await harness.read(1).map(\.attempt) == [1])
        try await harness.close()
        harness = try await files.open()
        #expect(try await harness.read(1).map(\.attempt) == [2], "reading counts, too")
        try await harness.close()
    }

    @Test("what a process had claimed is due at once for the next")
    func claims() async throws {
        let files = try TemporaryJournal()
        var harness = try await files.open()
        try await harness.append([JournalHarness.entry(1)])
        harness.settle(try await harness.read(0)[0], .deferred(until: Timestamp(milliseconds: 5)))
        let now = Timestamp.now().milliseconds + 3_600_000
        #expect(try await harness.lease(0, now: now, expiry: now * 2).leases.count == 1)
        #expect(try await harness.lease(0, now: now).leases.isEmpty)
        try await harness.close()
        harness = try await files.open()
        #expect(try await harness.lease(0, now: now).leases.map(\.attempt) == [3])
        try await harness.close()
    }

    @Test("positions go on after a restart, even when old events are gone")
    func positions() async throws {
        let files = try TemporaryJournal()
        var limits = JournalLimits()
        limits.retain = .milliseconds(0)
        limits.watchInterval = .milliseconds(25)
        var harness = try await files.open(limits: limits)
        for round in 0..<3 {
            let (box, standing) = try await harness.attach(0)
            #expect(standing.last.value == Int64(round * 2))
            try await harness.append([JournalHarness.entry(1), JournalHarness.entry(2)])
            for entry in await box.wait(for: 2) { harness.settle(entry, .delivered) }
            try await harness.close()
            harness = try await files.open(limits: limits)
        }
        try await harness.close()
    }
}
