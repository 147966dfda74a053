import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Journal

@Suite("Old events go, what is pending stays")
struct RetentionTests {
    private static func limits(retain: TimeAmount, maxSize: Int = 2 << 30) -> JournalLimits {
        var limits = JournalLimits()
        limits.retain = retain
        limits.maxSize = maxSize
        limits.watchInterval = .milliseconds(25)
        return limits
    }

    @Test("what is settled everywhere and old enough is pruned, and the ledger still adds up")
    func prune() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open(limits: RetentionTests.limits(retain: .hours(1)))
        let old = Timestamp(milliseconds: Timestamp.now().milliseconds - 7_200_000)
        try await harness.append((1...40).map { JournalHarness.entry($0, to: [0, 1], time: old) })
        try await harness.append([JournalHarness.entry(41, to: [0, 1])])
        for place in 0...1 {
            for lease in try await harness.read(place) {
                switch lease.entry.position.value {
                case 3 where place == 1: continue
                case 4: harness.settle(lease, at: place, .dead(reason: "refused"))
                case 5: harness.settle(lease, at: place, .expired)
                case 6: harness.settle(lease, at: place, .deferred(until: Timestamp(milliseconds: 5)))
                default: harness.settle(lease, at: place, .delivered)
                }
            }
        }
        let journal = try #require(harness.journal as? SQLiteJournal)
        while journal.statistics.pruned < 38 { _ = try await harness.read(0) }
        try await harness.close()

        let reader = try JournalReader(path: files.path)
        let left = try reader.tail(JournalFilter(), after: .start, limit: 100).map(\.entry.position.value)
        #expect(left == [3, 6, 41], "one waits in line, one for a retry, and one is young")
        let lines = try reader.audit()
        #expect(lines.map(\.ledger.accepted) == [41, 41])
        #expect(lines.map(\.ledger.delivered) == [38, 37])
        #expect(lines.map(\.ledger.pending) == [1, 2])
        #expect(try files.problems() == [])
    }

    @Test("at its largest size the journal prunes what is settled, then refuses, and takes up again")
    func full() async throws {
        let files = try TemporaryJournal()
        let limits = RetentionTests.limits(retain: .hours(1), maxSize: 2 << 20)
        let harness = try await files.open(limits: limits)
        let data = ByteBuffer(repeating: 32, count: 10_000)
        // Four times what fits, all settled: never refused.
        for number in 0..<800 {
            try await harness.append([JournalHarness.entry(number, data: data)])
            harness.settle(try await harness.read(0)[0], .delivered)
        }
        // Nothing settled: refused at some time.
        var accepted = 0
        var refusal: JournalError?
        while refusal == nil {
            do {
                try await harness.append([JournalHarness.entry(accepted, data: data)])
                accepted += 1
            } catch {
                refusal = error as? JournalError
            }
        }
        #expect(refusal == .full)
        #expect(harness.journal.condition == .full)
        let size = JournalFile.size(files.path) + JournalFile.size(files.path + "-wal")
        #expect(
            size <= limits.maxSize * 5 / 4,
            "\(JournalFile.size(files.path)) and \(JournalFile.size(files.path + "-wal"))"
        )
        let leases = try await harness.read(0)
        #expect(leases.count == accepted)
        // Space comes back as entries are settled and pruned.
        for lease in leases { harness.settle(lease, .delivered) }
        while harness.journal.condition == .full { _ = try await harness.read(0) }
        try await harness.append([JournalHarness.entry(1)])
        try await harness.close()
        #expect(try files.problems() == [])
    }
}
