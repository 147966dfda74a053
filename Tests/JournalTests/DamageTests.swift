import Foundation
import HookgateTesting
import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Journal

@Suite("A damaged journal keeps what is not damaged", .serialized)
struct DamageTests {
    /// What a damaged file may look like.
    enum Kind: CaseIterable, CustomTestStringConvertible {
        case flip, manyFlips, hole, cut

        var testDescription: String { "\(self)" }

        func apply(_ bytes: inout Data, _ seed: inout SeededRandom) -> Int {
            switch self {
            case .flip:
                bytes[Int.random(in: bytes.indices, using: &seed)] ^= 1 << UInt8.random(in: 0...7, using: &seed)
                return 1
            case .manyFlips:
                for _ in 0..<5 {
                    bytes[Int.random(in: bytes.indices, using: &seed)] ^= UInt8.random(in: 1...255, using: &seed)
                }
                return 5
            case .hole:
                let start = Int.random(in: 0..<bytes.count / 512, using: &seed) * 512
                bytes.replaceSubrange(start..<start + 512, with: [UInt8](repeating: 0, count: 512))
                return 1
            case .cut:
                let pages = bytes.count / 4096
                let left = Int.random(in: 1..<bytes.count, using: &seed)
                bytes.removeSubrange(left...)
                return pages - left / 4096
            }
        }
    }

    /// What the undamaged file holds.
    private struct Content {
        var entries: [Int64: NewEntry] = [:]
        var pending: Set<Int64> = []
    }

    @Test("200 damaged files: opened or refused in words, nothing altered, nothing deleted", arguments: Kind.allCases)
    func damage(_ kind: Kind) async throws {
        let original = try TemporaryJournal()
        let content = try await fill(original)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: original.path))
        var opened = 0
        for number in 0..<50 {
            var seed = SeededRandom(seed: UInt64(number))
            let files = try TemporaryJournal()
            var damaged = bytes
            let pages = kind.apply(&damaged, &seed)
            try damaged.write(to: URL(fileURLWithPath: files.path))
            let notices = NoticeBox()
            let harness: JournalHarness
            do {
                harness = try await files.open(report: notices.put)
            } catch {
                #expect((error as? JournalOpenError)?.description.contains(files.path) == true, "\(kind) \(number)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: files.path)) == damaged, "\(kind) \(number)")
                continue
            }
            opened += 1
            let arrived = try await arrivals(harness)
            for entry in arrived {
                let original = content.entries[entry.position.value]?.event
                #expect(entry.event.draft.data == original?.draft.data, "\(kind) \(number): altered")
                #expect(entry.event.id == original?.id && entry.event.draft.type == original?.draft.type)
            }
            // A page holds about seven of these events, and one that leads to others is made good.
            let missing = content.pending.subtracting(arrived.map(\.position.value))
            #expect(missing.count <= pages * 8, "\(kind) \(number): \(missing.sorted()) \(notices.all)")
            try await harness.append([JournalHarness.entry(9999)])
            try await harness.close()
            // An event whose audience is damaged is counted nowhere any more; the audit shows that.
            let hasDeadLetters = notices.all.contains { if case .damagedEvents = $0 { true } else { false } }
            let problems = try files.problems()
            #expect(hasDeadLetters || problems == [], "\(kind) \(number) \(notices.all) \(problems)")
            for case .replaced(let copy, _, _, _) in notices.all {
                #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == damaged, "\(kind) \(number): kept")
            }
        }
        #expect(opened == 50)
    }

    /// Everything that a deliverer of destination 0 gets after the start.
    private func arrivals(_ harness: JournalHarness) async throws -> [JournalEntry] {
        var arrived: [JournalEntry] = []
        var position: Int64 = 0
        while true {
            // A file that turns out to be damaged is repaired meanwhile.
            guard let leases = try? await harness.read(0, after: position, limit: 100) else { continue }
            arrived += leases.map(\.entry)
            guard let last = leases.last?.entry.position.value else { break }
            position = last
        }
        while true {
            guard let batch = try? await harness.lease(0, now: 1 << 50, expiry: 1 << 51) else { continue }
            if batch.leases.isEmpty { break }
            arrived += batch.leases.map(\.entry)
            for lease in batch.leases { harness.settle(lease, .delivered) }
        }
        return arrived
    }

    private func fill(_ files: TemporaryJournal) async throws -> Content {
        var content = Content()
        let harness = try await files.open()
        for start in stride(from: 0, to: 400, by: 20) {
            let entries = (start..<start + 20).map { number in
                JournalHarness.entry(
                    number,
                    subject: "call \(number % 60)",
                    to: number % 3 == 0 ? [0, 1] : [0],
                    type: number % 2 == 0 ? "call.started" : "call.ended",
                    data: ByteBuffer(string: String(repeating: "\(number) ", count: 120))
                )
            }
            try await harness.append(entries)
            for (offset, entry) in entries.enumerated() { content.entries[Int64(start + offset + 1)] = entry }
        }
        content.pending = Set(content.entries.keys)
        for (index, lease) in try await harness.read(0).enumerated() {
            switch index % 10 {
            case 0...2 where index < 200: harness.settle(lease, .delivered)
            case 3: harness.settle(lease, .dead(reason: "refused"))
            case 4:
                harness.settle(lease, .deferred(until: Timestamp(milliseconds: 5)))
                continue
            default: continue
            }
            content.pending.remove(lease.entry.position.value)
        }
        try await harness.close()
        return content
    }
}
