import JournalTesting
import Testing
import Webhooks

@testable import Journal

@Suite("The backlog of a destination has counts and an age")
struct BacklogLineTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    @Test("the oldest pending event is the first in line or the first set aside, whichever is older")
    func oldest() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open(["crm", "log"])
        try await harness.append(
            (1...4).map { JournalHarness.entry($0, subject: "call \($0)", to: [0], time: time(Int64($0))) }
        )
        let reader = try JournalReader(path: files.path)
        #expect(try reader.backlog().map(\.oldest) == [time(1), nil])
        let leases = try await harness.read(0)
        harness.settle(leases[0], .delivered)
        harness.settle(leases[1], .deferred(until: time(1 << 40)))
        harness.settle(leases[2], .dead(reason: "refused"))
        _ = try await harness.read(0, after: 1000)
        #expect(try reader.backlog()[0].oldest == time(2))
        #expect(try reader.backlog()[0].counts.pending == 2 && reader.backlog()[0].counts.dead == 1)
        harness.settle(leases[3], .delivered)
        _ = try await harness.read(0, after: 1000)
        #expect(try reader.backlog()[0].oldest == time(2))
        harness.settle(leases[1].entry, .delivered, origin: .deferred, attempt: 2)
        _ = try await harness.read(0, after: 1000)
        #expect(try reader.backlog()[0].oldest == nil)
        try await harness.close()
    }
}
