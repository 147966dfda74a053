import Foundation
import GRDB
import JournalTesting
import NIOCore
import Synchronization
import Testing
import Webhooks

@testable import Journal

@Suite("A disk that fails is an answer, not a crash", .serialized)
struct FailureTests {
    @Test("when the file can grow no further, appends are refused, nothing acknowledged is lost, and it recovers")
    func fileSize() async {
        await #expect(processExitsWith: .success) {
            let files = try TemporaryJournal()
            let notices = NoticeBox()
            var limits = JournalLimits()
            limits.probeInterval = .milliseconds(5)
            let harness = try await files.open(limits: limits, report: notices.put)
            try await harness.append([JournalHarness.entry(0)])
            let settled = try await harness.read(0)[0]

            // Writes beyond this size fail with EFBIG, once the signal that comes with it is ignored.
            signal(SIGXFSZ, SIG_IGN)
            try setFileSizeLimit(512 << 10)
            let data = ByteBuffer(repeating: 32, count: 20_000)
            var acknowledged = 1
            var refusal: (any Error)?
            while refusal == nil {
                do {
                    try await harness.append([JournalHarness.entry(acknowledged, data: data)])
                    acknowledged += 1
                } catch {
                    refusal = error
                }
            }
            guard case .unavailable(let words) = refusal as? JournalError, !words.isEmpty else {
                return try require(false, "refused with \(String(describing: refusal))")
            }
            harness.settle(settled, .delivered)

            try setFileSizeLimit(.max)
            await notices.wait(for: .recovered)
            try await harness.append([JournalHarness.entry(acknowledged)])
            acknowledged += 1
            let pending = try await harness.read(0, limit: 10_000).map(\.entry.position.value)
            try require(!pending.contains(1), "a settlement made meanwhile was lost")
            try require(pending.count == acknowledged - 1, "\(acknowledged - 1) acknowledged, \(pending.count) there")
            try await harness.close()
            let problems = try files.problems()
            try require(problems == [], "\(problems)")
            try require(notices.all.last == .recovered, "\(notices.all)")
        }
    }

    @Test("while another process holds the file, callers get an answer, and it recovers")
    func busy() async throws {
        let files = try TemporaryJournal()
        var limits = JournalLimits()
        limits.probeInterval = .milliseconds(5)
        limits.busyTimeout = .milliseconds(20)
        let notices = NoticeBox()
        let harness = try await files.open(limits: limits, report: notices.put)
        let other = try files.otherProcess()
        let promise = harness.eventLoop.makePromise(of: Void.self)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        harness.journal.append([JournalHarness.entry(1)], promise: promise)
        await #expect(throws: JournalError.self) { try await promise.futureResult.get() }
        await #expect(throws: JournalError.self) { try await harness.append([JournalHarness.entry(2)]) }
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        await notices.wait(for: .recovered)
        try await harness.append([JournalHarness.entry(3)])
        #expect(try await harness.read(0).count == 1)
        try await harness.close()
        #expect(notices.all.last == .recovered)
        #expect(try files.problems() == [])
    }

    @Test("whoever calls while a damaged file is made good is answered at once")
    func repairing() async throws {
        let files = try TemporaryJournal()
        let first = try await files.open()
        try await first.append((0..<50).map { JournalHarness.entry($0) })
        try await first.close()
        var limits = JournalLimits()
        limits.probeInterval = .milliseconds(5)
        limits.busyTimeout = .milliseconds(20)
        let notices = NoticeBox()
        let opened = Mutex<SQLiteJournal?>(nil)
        let answers = Mutex(0)
        let answersWithin = Mutex(0)
        let harness = try await files.open(limits: limits) { notice in
            notices.put(notice)
            guard case .replaced = notice, let journal = opened.withLock({ $0 }) else { return }
            // This is the writer's thread, which does not come by before it returns.
            journal.call { answers.withLock { $0 += 1 } }
            answersWithin.withLock { $0 = answers.withLock { $0 } }
        }
        opened.withLock { $0 = harness.journal as? SQLiteJournal }
        let other = try files.otherProcess()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        await #expect(throws: JournalError.self) { try await harness.append([JournalHarness.entry(1)]) }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: files.path))
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(count: JournalFile.size(files.path) - 4096))
        try file.close()
        await notices.wait(for: .recovered)
        #expect(answersWithin.withLock { $0 } == 1)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await harness.append([JournalHarness.entry(2)])
        opened.withLock { $0 = nil }
        try await harness.close()
    }

    @Test("a journal that cannot write can be closed")
    func closing() async throws {
        let files = try TemporaryJournal()
        var limits = JournalLimits()
        limits.busyTimeout = .milliseconds(20)
        let harness = try await files.open(limits: limits)
        let other = try files.otherProcess()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        await #expect(throws: JournalError.self) { try await harness.append([JournalHarness.entry(1)]) }
        try await harness.close()
        #expect(harness.journal.condition == .closed)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }

    @Test("a deliverer that is attached hears of later entries after a failure, and its standing holds")
    func attached() async throws {
        let files = try TemporaryJournal()
        var limits = JournalLimits()
        limits.probeInterval = .milliseconds(5)
        limits.busyTimeout = .milliseconds(20)
        let notices = NoticeBox()
        let harness = try await files.open(limits: limits, report: notices.put)
        let (box, _) = try await harness.attach(0)
        try await harness.append([JournalHarness.entry(1), JournalHarness.entry(2, to: [1]), JournalHarness.entry(3)])
        let entries = await box.wait(for: 2)
        let other = try files.otherProcess()
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        harness.settle(entries[0], .delivered)
        await #expect(throws: JournalError.self) { try await harness.append([JournalHarness.entry(4)]) }
        harness.settle(entries[1], .delivered)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        await notices.wait(for: .recovered)
        try await harness.append([JournalHarness.entry(5)])
        #expect(await box.wait(for: 3).map(\.position.value) == [1, 3, 4])
        #expect(try await harness.read(0).map(\.entry.position.value) == [4])
        harness.settle(box.entries[2], .delivered)
        try await harness.close()
        let line = try #require(try JournalReader(path: files.path).audit().first)
        #expect(line.ledger.delivered == 3 && line.ledger.pending == 0)
        #expect(try files.problems() == [])
        let cursor = try await DatabaseQueue(path: files.path).read {
            try Int64.fetchOne($0, sql: "SELECT cursor FROM destination WHERE name = 'a'")
        }
        #expect(cursor == 4, "the unwanted entry is passed")
    }
}

private func setFileSizeLimit(_ bytes: UInt64) throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    limit.rlim_cur = rlim_t(min(bytes, UInt64(limit.rlim_max)))
    try require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0, "setrlimit failed")
}
