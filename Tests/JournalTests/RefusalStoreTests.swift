import Foundation
import GRDB
import HookgateTesting
import NIOCore
import Synchronization
import Testing
import Webhooks

@testable import Journal

@Suite("Refusals are kept")
struct RefusalStoreTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/refusals.sqlite" }

    init() throws { directory = try TemporaryDirectory() }

    private static func record(
        _ number: Int,
        reason: String = "invalid_number",
        time: Timestamp = .now(),
        body: Int = 10
    ) -> RefusalRecord {
        var record = RefusalRecord(
            kind: .request,
            id: RequestID(second: 1_795_415_105, number: UInt32(number)),
            time: time,
            reason: reason,
            listener: "0.0.0.0:8443",
            client: "192.0.2.\(number % 200)"
        )
        record.status = 422
        record.connection = "0.0.0.0:8443 2 TLSv1.3 TLS_AES_256_GCM_SHA384 full 9f86d081884c7d65"
        record.certificate = "9f86d0 CN=a proxy"
        record.method = "POST"
        record.target = "/hooks"
        record.route = "/hooks"
        record.fields = "host: localhost\nuser-agent: x"
        record.body = Array(repeating: UInt8(ascii: "a"), count: body)
        record.bodySize = body
        record.field = "from"
        record.offset = 7
        record.excerpt = "from=12"
        record.call = "call-\(number)"
        record.detail = "words"
        return record
    }

    private func store(
        _ limits: RefusalLimits = RefusalLimits(),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) -> RefusalStore {
        RefusalStore(path: path, limits: limits, report: report)
    }

    @Test("all of it comes back, the latest first, by every filter and page by page")
    func roundTrip() async throws {
        let store = store()
        for number in 0..<10 { store.put(RefusalStoreTests.record(number, reason: number < 5 ? "a" : "b")) }
        store.add(12_345, .request, reason: "a")
        await store.close()
        let reader = try RefusalReader(path: path)
        let all = try reader.list(RefusalFilter(), limit: 100)
        #expect(all.map(\.record.id.value) == all.map(\.record.id.value).sorted(by: >) && all.count == 10)
        var expected = RefusalStoreTests.record(9, reason: "b", time: all[0].record.time)
        #expect(all[0].record == expected && all[0].record.origin?.handshake?.version == "TLSv1.3")
        expected.more = 1
        #expect(all[0].record != expected)
        #expect(all.first { $0.record.reason == "a" }?.record.more == 12_345)
        #expect(all.count { $0.record.more > 0 } == 1)
        #expect(
            try reader.list(RefusalFilter(), before: all[3].position, limit: 2).map(\.position)
                == all[4...5].map(\.position)
        )
        var filter = RefusalFilter()
        filter.reason = "a"
        #expect(try reader.list(filter, limit: 100).count == 5)
        filter.client = "192.0.2.3"
        #expect(try reader.list(filter, limit: 100).map(\.record.call) == ["call-3"])
        filter = RefusalFilter()
        filter.call = "call-7"
        #expect(try reader.list(filter, limit: 100).count == 1)
        filter = RefusalFilter()
        filter.since = Timestamp.now().milliseconds + 1000
        #expect(try reader.list(filter, limit: 100).isEmpty)
        #expect(try reader.find(all[2].record.id)?.position == all[2].position)
        #expect(try reader.find(RequestID(second: 1, number: 1)) == nil)
        #expect(try reader.extent().count == 10)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("the file stays below its bound, and the latest are in it")
    func bounded() async throws {
        var limits = RefusalLimits()
        limits.maxBytes = 1 << 20
        let store = store(limits)
        for number in 0..<3000 {
            store.put(RefusalStoreTests.record(number, body: 1024))
            // A batch, as the disk would make them.
            if number % 100 == 99 {
                while store.statistics.kept + store.statistics.lost <= number { await Task.yield() }
            }
        }
        await store.close()
        #expect(store.statistics.kept == 3000 && store.statistics.lost == 0)
        #expect(JournalFile.size(path) <= 1 << 20)
        let kept = try RefusalReader(path: path).list(RefusalFilter(), limit: 10_000)
        #expect(kept.first?.record.call == "call-2999" && kept.count > 300 && kept.count < 1000)
    }

    @Test("what is too old goes")
    func old() async throws {
        let store = store()
        let old = Timestamp(milliseconds: Timestamp.now().milliseconds - 4 * 86_400_000)
        store.put(RefusalStoreTests.record(1, time: old))
        store.put(RefusalStoreTests.record(2))
        store.tidy()
        await store.close()
        #expect(try RefusalReader(path: path).list(RefusalFilter(), limit: 10).map(\.record.call) == ["call-2"])
        // And after a start, before anybody is refused.
        var limits = RefusalLimits()
        limits.retain = .nanoseconds(0)
        let later = self.store(limits)
        later.tidy()
        await later.close()
        #expect(try RefusalReader(path: path).extent().count == 0)
    }

    @Test("a disk that takes nothing costs the refusals, is told of once, and stops nobody")
    func unwritable() async throws {
        let file = try directory.write("", to: "file")
        let problems = Mutex<[String]>([])
        let store = RefusalStore(path: file + "/refusals.sqlite", limits: RefusalLimits()) { problem in
            problems.withLock { $0.append(problem) }
        }
        for number in 0..<3000 { store.put(RefusalStoreTests.record(number)) }
        await store.close()
        #expect(store.statistics.kept == 0 && store.statistics.lost == 3000)
        #expect(problems.withLock { $0.count } == 1)
    }

    @Test func `A file that a gateway is only just making holds nothing, and is no other one's`() throws {
        try DatabaseQueue(path: path).writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        let reader = try RefusalReader(path: path)
        #expect(try reader.list(RefusalFilter(), limit: 1).isEmpty)
        #expect(try reader.extent().count == 0)
    }

    @Test("a file that is somebody else's is left alone")
    func foreign() async throws {
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
        let problems = Mutex<[String]>([])
        let store = store { problem in problems.withLock { $0.append(problem) } }
        store.put(RefusalStoreTests.record(1))
        await store.close()
        #expect(problems.withLock { $0.first?.contains("is no file of refusals") } == true)
        #expect(throws: RefusalFileError.self) { try RefusalReader(path: path) }
    }

    /// Which of the texts stand in the file or its log.
    private func traces(_ texts: [String]) throws -> [String] {
        let bytes = try ["", "-wal"].map { suffix in
            FileManager.default.fileExists(atPath: path + suffix)
                ? try Data(contentsOf: URL(filePath: path + suffix)) : Data()
        }
        return texts.filter { text in bytes.contains { $0.range(of: Data(text.utf8)) != nil } }
    }

    @Test("what is erased is in the file no more, in whatever form, while the gateway has it open")
    func erased() async throws {
        let written = ["4921112345678", "0211%2F12345678", "%34%39%32%31%31%31%32", "0211 1234 5678"]
        let store = store()
        defer { withExtendedLifetime(store) {} }
        for number in 0..<400 {
            var record = RefusalStoreTests.record(number, body: number * 37 % 3000)
            if number % 3 == 0 { record.fields = "x: \(written[number % 4])" }
            if number % 5 == 0 { record.body = Array("from=\(written[number % 4])".utf8) }
            store.put(record)
        }
        while store.statistics.kept < 400 { await Task.yield() }
        // One that cannot be read, and some that went before, as they used to.
        try await DatabaseQueue(path: path).write { database in
            try database.execute(
                sql: "PRAGMA secure_delete = OFF; UPDATE refusal SET kind = 'other' WHERE position = 7;"
                    + "DELETE FROM refusal WHERE position BETWEEN 100 AND 150"
            )
        }
        #expect(try traces(written) == written)
        let count = try RefusalEraser(path: path).erase { record in
            let texts = [record.fields ?? "", String(decoding: record.body ?? [], as: UTF8.self)]
            return texts.contains { text in written.contains(where: text.contains) }
        }
        #expect(count > 100)
        #expect(try traces(written) == [])
        #expect(
            try await DatabaseQueue(path: path).read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM refusal WHERE kind = 'other'")
            } == 0
        )
        store.put(RefusalStoreTests.record(500))
        await store.close()
        #expect(store.statistics.lost == 0)
        #expect(try RefusalReader(path: path).list(RefusalFilter(), limit: 1).map(\.record.call) == ["call-500"])
    }

    @Test("what goes is overwritten")
    func overwritten() async throws {
        var limits = RefusalLimits()
        limits.retain = .nanoseconds(0)
        let store = store(limits)
        for number in 0..<200 {
            var record = RefusalStoreTests.record(number)
            record.body = Array("from=4921112345678".utf8)
            store.put(record)
        }
        while store.statistics.kept < 200 { await Task.yield() }
        store.tidy()
        await store.close()
        #expect(try RefusalReader(path: path).extent().count == 0)
        #expect(try traces(["12345678"]) == [])
    }

    @Test("while somebody else writes to the file, they wait, and the disk is not blamed")
    func busy() async throws {
        let problems = Mutex<[String]>([])
        var limits = RefusalLimits()
        limits.patience = .milliseconds(1)
        let store = store(limits) { problem in problems.withLock { $0.append(problem) } }
        store.put(RefusalStoreTests.record(1))
        while store.statistics.kept < 1 { await Task.yield() }
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        store.put(RefusalStoreTests.record(2))
        store.tidy()
        while store.statistics.detentions < 3, store.statistics.lost == 0 { await Task.yield() }
        store.put(RefusalStoreTests.record(3))
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        await store.close()
        #expect(store.statistics.kept == 3 && store.statistics.lost == 0)
        #expect(problems.withLock { $0 } == [])
    }

    @Test("a damaged file is moved aside and a new one begun")
    func damaged() async throws {
        let first = store()
        for number in 0..<50 { first.put(RefusalStoreTests.record(number)) }
        await first.close()
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes.replaceSubrange(0..<100, with: Data(repeating: 7, count: 100))
        try bytes.write(to: URL(filePath: path))
        let second = store()
        second.put(RefusalStoreTests.record(99))
        await second.close()
        #expect(try RefusalReader(path: path).list(RefusalFilter(), limit: 100).map(\.record.call) == ["call-99"])
        #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
    }
}
