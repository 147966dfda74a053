import GRDB
import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Journal

@Suite("Operators can retry and drop, and see")
struct RequestTests {
    private static let late: Int64 = 1 << 50

    /// Entries 1 to 6 at destination 0: delivered, dead, expired, retry, held behind it, in line.
    private func states(_ files: TemporaryJournal) async throws -> JournalHarness {
        var limits = JournalLimits()
        limits.watchInterval = .milliseconds(25)
        let harness = try await files.open(limits: limits)
        try await harness.append((1...6).map { JournalHarness.entry($0, subject: $0 == 5 ? "call 4" : "call \($0)") })
        let leases = try await harness.read(0)
        harness.settle(leases[0], .delivered)
        harness.settle(leases[1], .dead(reason: "refused"))
        harness.settle(leases[2].entry, .expired, attempt: nil)
        harness.settle(leases[3], .deferred(until: Timestamp(milliseconds: RequestTests.late)))
        harness.settle(leases[4].entry, .held, attempt: nil)
        _ = try await harness.read(0)
        return harness
    }

    private func run(
        _ action: JournalRequest.Action,
        _ files: TemporaryJournal,
        _ change: (inout JournalFilter) -> Void = { _ in }
    ) async throws -> Int {
        var filter = JournalFilter()
        change(&filter)
        let request = try JournalRequest(action, filter, path: files.path)
        while true {
            let progress = try #require(try request.progress())
            if progress.isFinished {
                #expect(progress.fraction == 1 && progress.problem == nil)
                return progress.done
            }
            await Task.yield()
        }
    }

    private func states(_ files: TemporaryJournal) throws -> [String] {
        #expect(try files.problems() == [])
        let reader = try JournalReader(path: files.path)
        return try reader.tail(JournalFilter(), after: .start, limit: 10).map { $0.deliveries[0].detail }
    }

    @Test("a retry takes what is dead or waits, out of line and with the next number")
    func retry() async throws {
        let files = try TemporaryJournal()
        let harness = try await states(files)
        let (box, _) = try await harness.attach(0)
        #expect(try await run(.retry, files) == 2)
        _ = await box.wait(for: 1)
        #expect(try states(files) == ["delivered", "retry", "expired", "retry", "held", "line"])
        let now = Timestamp.now().milliseconds + 3_600_000
        let leases = try await harness.lease(0, now: now).leases.sorted { $0.entry.position < $1.entry.position }
        #expect(leases.map(\.entry.position.value) == [2, 4])
        #expect(leases.map(\.origin) == [.replay, .deferred])
        #expect(leases.map(\.attempt) == [2, 2])
        for lease in leases { harness.settle(lease, .delivered) }
        #expect(try await harness.lease(0, now: now).leases.map(\.entry.position.value) == [5])
        #expect(try states(files) == ["delivered", "delivered", "expired", "delivered", "retry", "line"])
        try await harness.close()
    }

    @Test("what was delivered or has expired is sent again when it is named")
    func again() async throws {
        let files = try TemporaryJournal()
        let harness = try await states(files)
        #expect(try await run(.retry, files) { $0.state = .delivered } == 1)
        #expect(
            try await run(.retry, files) {
                $0.call = "call 3"
                $0.state = .expired
            } == 1
        )
        let leases = try await harness.lease(0, now: Timestamp.now().milliseconds + 3_600_000).leases
        #expect(Set(leases.map(\.entry.position.value)) == [1, 3])
        #expect(leases.allSatisfy { $0.origin == .replay })
        for lease in leases { harness.settle(lease, .dead(reason: "refused")) }
        _ = try await harness.read(0)
        #expect(try states(files) == ["dead", "dead", "dead", "retry", "held", "line"])
        try await harness.close()
    }

    @Test("a drop takes what is pending or dead, and what was held behind it follows")
    func drop() async throws {
        let files = try TemporaryJournal()
        let harness = try await states(files)
        #expect(try await run(.drop, files) { $0.id = JournalHarness.entry(4).event.id.description } == 0)
        #expect(
            try await run(.drop, files) {
                $0.call = "call 4"
                $0.since = 1
            } == 2
        )
        #expect(try states(files) == ["delivered", "dead", "expired", "dropped", "dropped", "line"])
        #expect(try await run(.drop, files) == 2)
        #expect(try states(files) == ["delivered", "dropped", "expired", "dropped", "dropped", "dropped"])
        #expect(try await harness.read(0).isEmpty)
        #expect(try await harness.lease(0, now: RequestTests.late * 2).leases.isEmpty)
        try await harness.close()
    }

    @Test("dropping the first of a lane makes the next one due")
    func lane() async throws {
        let files = try TemporaryJournal()
        let harness = try await states(files)
        let reader = try JournalReader(path: files.path)
        let fourth = try #require(try reader.tail(JournalFilter(), after: JournalPosition(3), limit: 1).first)
        #expect(try await run(.drop, files) { $0.id = fourth.entry.event.id.description } == 1)
        let leases = try await harness.lease(0, now: Timestamp.now().milliseconds + 3_600_000).leases
        #expect(leases.map(\.entry.position.value) == [5])
        try await harness.close()
    }

    @Test("an entry that was dropped while it was under way counts as delivered when it was")
    func race() async throws {
        let files = try TemporaryJournal()
        let harness = try await states(files)
        let lease = try #require(try await harness.lease(0, now: RequestTests.late).leases.first)
        let inLine = try #require(try await harness.read(0).first)
        #expect(try await run(.drop, files) { $0.state = .pending } == 3)
        harness.settle(lease, .delivered)
        harness.settle(inLine, .deferred(until: Timestamp(milliseconds: 1)))
        _ = try await harness.read(0)
        #expect(try states(files) == ["delivered", "dead", "expired", "delivered", "dropped", "dropped"])
        try await harness.close()
    }

    @Test("an entry held behind one that an operator took away is due at once")
    func stray() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        try await harness.append([JournalHarness.entry(1)])
        harness.settle(try await harness.read(0)[0].entry, .held, attempt: nil)
        let leases = try await harness.lease(0, now: Timestamp.now().milliseconds + 3_600_000).leases
        #expect(leases.map(\.attempt) == [1])
        // Given back untried, its attempt does not count.
        harness.settle(leases[0].entry, .deferred(until: Timestamp(milliseconds: 9)), origin: .deferred, attempt: nil)
        #expect(try await harness.lease(0, now: 10).leases.map(\.attempt) == [1])
        try await harness.close()
    }

    @Test("requests made while no gateway runs are worked off by the next opening, thousands in steps")
    func stopped() async throws {
        let files = try TemporaryJournal()
        var harness = try await files.open()
        for start in stride(from: 0, to: 3000, by: 500) {
            try await harness.append((start..<start + 500).map { JournalHarness.entry($0, subject: "call \($0)") })
        }
        for lease in try await harness.read(0, limit: 10_000) { harness.settle(lease, .dead(reason: "refused")) }
        try await harness.close()
        let request = try JournalRequest(.retry, JournalFilter(), path: files.path)
        #expect(try request.progress()?.isFinished == false)
        harness = JournalHarness(try await SQLiteJournal.open(path: files.path, destinations: []))
        while try request.progress()?.isFinished == false { await Task.yield() }
        #expect(try request.progress()?.done == 3000)
        try await harness.close()
        let line = try #require(try JournalReader(path: files.path).audit().first)
        #expect(line.ledger.pending == 3000 && line.ledger.dead == 0)
        #expect(try files.problems() == [])
    }

    @Test("a request that nobody understands is answered as such")
    func nonsense() async throws {
        let files = try TemporaryJournal()
        try await files.open().close()
        let database = try DatabaseQueue(path: files.path)
        try await database.write { database in
            try database.execute(sql: "INSERT INTO request (time, action, filter) VALUES (1, 'paint', '{}')")
        }
        try database.close()
        try await files.open().close()
        let problem = try await DatabaseQueue(path: files.path).read {
            try String.fetchOne($0, sql: "SELECT problem FROM request")
        }
        #expect(problem == "not understood")
    }

    @Test("the history of an event holds every attempt, failed and good")
    func history() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        try await harness.append([JournalHarness.entry(1, to: [0, 1])])
        let lease = try await harness.read(0)[0]
        harness.settle(lease, .deferred(until: Timestamp(milliseconds: 5)))
        harness.settle(try await harness.lease(0, now: 5).leases[0], .delivered)
        _ = try await harness.read(0)
        let reader = try JournalReader(path: files.path)
        let record = try #require(try reader.show(lease.entry.event.id))
        #expect(record.deliveries.map(\.state) == [.delivered, .pending])
        let history = record.deliveries[0].history
        #expect(history.map(\.number) == [1, 2])
        #expect(history.map(\.outcome) == ["refused", "delivered"])
        #expect(history.map(\.status) == [503, 200])
        #expect(history.map(\.latency) == [7, 7])
        #expect(history.map(\.time.milliseconds) == [1000, 1000])
        #expect(record.deliveries[0].attempts == 2)
        try await harness.close()
    }

    @Test("lists are filtered by route, type, call, state, destination and time")
    func filters() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        let now = Timestamp.now().milliseconds
        func time(_ offset: Int64) -> Timestamp { Timestamp(milliseconds: now + offset) }
        try await harness.append([
            JournalHarness.entry(1, subject: "x", route: "/one", time: time(1000)),
            JournalHarness.entry(2, subject: "y", to: [1], type: "call.ended", time: time(2000)),
            JournalHarness.entry(3, subject: "y", to: [0, 1], time: time(3000)),
            JournalHarness.entry(4, subject: "z", to: [], time: time(4000)),
        ])
        harness.settle(try await harness.read(0)[0], .delivered)
        harness.settle(try await harness.read(1)[0], at: 1, .dead(reason: "refused"))
        _ = try await harness.read(0)
        let reader = try JournalReader(path: files.path)
        func found(_ change: (inout JournalFilter) -> Void) throws -> [Int64] {
            var filter = JournalFilter()
            change(&filter)
            return try reader.list(filter, limit: 10).map(\.entry.position.value)
        }
        #expect(try found { _ in } == [4, 3, 2, 1])
        #expect(try found { $0.route = "/one" } == [1])
        #expect(try found { $0.type = "call.ended" } == [2])
        #expect(try found { $0.call = "y" } == [3, 2])
        #expect(try found { $0.since = now + 3000 } == [4, 3])
        #expect(try found { $0.destination = "a" } == [3, 1])
        #expect(try found { $0.state = .pending } == [3])
        #expect(try found { $0.state = .delivered } == [1])
        #expect(try found { $0.state = .dead } == [2])
        #expect(
            try found {
                $0.state = .dead
                $0.destination = "a"
            } == []
        )
        #expect(try found { $0.id = "nonsense" } == [])
        #expect(
            try reader.list(JournalFilter(), before: JournalPosition(3), limit: 1).map(\.entry.position.value) == [2]
        )
        #expect(
            try reader.tail(JournalFilter(), after: JournalPosition(1), limit: 2).map(\.entry.position.value) == [2, 3]
        )
        try await harness.close()
    }
}
