import Journal
import NIOCore
import Testing
import Webhooks

@testable import Delivery

/// Memory bounds, and reading back what was forgotten.
@Suite struct BacklogTests {
    private let small = EntryLine.Bounds(entries: 100, bytes: 8 << 20, page: 20)

    private func names(_ count: Int) -> [String] { (1...count).map { "leg-\($0)" } }

    @Test func `beyond its bound a destination forgets, and catches up in order without gap or repetition`() {
        let bench = DispatcherBench(bounds: small)
        for _ in 0..<50 { bench.append(names(20)) }
        #expect(bench.dispatcher.status.waiting <= 100)
        #expect(!bench.dispatcher.status.isLive)
        var ended = 0
        while let event = bench.underWay.first {
            bench.end(event)
            ended += 1
            // New ones keep coming while it catches up.
            if ended % 3 == 0, ended < 900 { bench.append("new") }
            #expect(bench.dispatcher.status.waiting <= 120)
        }
        #expect(bench.transport.log.count == 1299)
        #expect(bench.transport.log.map(\.event) == Array(1...1299))
        #expect(bench.dispatcher.status.isLive)
    }

    @Test func `the size of entries counts as well as their number`() {
        let bounds = EntryLine.Bounds(entries: 4096, bytes: 100_000, page: 256)
        var line = EntryLine(bounds)
        line.begin(JournalStanding(cursor: .start, last: .start, deferred: [:], nextDue: nil))
        let entries = (1...50).map { number in
            JournalEntry(
                position: JournalPosition(Int64(number)),
                event: makeEvent(number, data: String(repeating: "x", count: 10_000)),
                route: "/"
            )
        }
        line.committed(entries)
        #expect(line.count == 10)
        #expect(line.bytes < 100_000 + 10_000 + LeasedAttempt.overhead)
        #expect(!line.isLive)
    }

    @Test func `what was committed before the start is delivered from the cursor on`() {
        let bench = DispatcherBench(bounds: small)
        bench.append(names(500))
        for event in 1...7 { bench.end(UInt64(event)) }
        bench.restart(losingSettlements: false)
        bench.transport.rule = { _ in .delivered(status: 200) }
        for event in bench.underWay { bench.end(event) }
        bench.advance(.milliseconds(1))
        #expect(bench.transport.log.map(\.event) == Array(8...500))
        #expect(bench.journal.outcomes(0).count == 500)
    }

    @Test func `a crash that loses settlements leads to duplicates, never to loss`() {
        let bench = DispatcherBench()
        bench.append(names(10))
        for event in 1...5 { bench.end(UInt64(event)) }
        bench.restart(losingSettlements: true)
        bench.transport.rule = { _ in .delivered(status: 200) }
        for event in bench.underWay { bench.end(event) }
        #expect(bench.transport.log.map(\.event) == Array(1...10))
    }

    @Test func `news that comes while a page is being read is neither lost nor repeated, whatever the page shows`() {
        // The page was asked for at 10, and 11 to 14 are committed meanwhile. The page may show any of them.
        for shown in 10...14 {
            var line = EntryLine(small)
            line.begin(
                JournalStanding(cursor: .start, last: JournalPosition(10), deferred: [:], nextDue: nil)
            )
            guard let (after, limit) = line.read(Timestamp(milliseconds: 0)) else {
                Issue.record("nothing is read")
                return
            }
            #expect(after == .start && limit == 20)
            line.committed([entry(11), entry(12)])
            line.committed([entry(13), entry(14)])
            line.page((1...shown).map { Lease(entry: entry($0), attempt: 2, origin: .sequence) })
            #expect(line.isLive)
            line.committed([entry(15)])
            var positions: [Int64] = []
            while let item = line.popFirst() { positions.append(item.position.value) }
            #expect(positions == Array(1...15))
        }
    }

    @Test func `a journal that cannot be read is asked again, and a second at a time`() {
        let bench = DispatcherBench(bounds: small)
        bench.append(names(500))
        bench.journal.set(.unavailable("test"))
        var events = 0
        while let event = bench.underWay.first {
            bench.end(event)
            events += 1
        }
        #expect(events < 500)
        bench.advance(.seconds(5))
        bench.journal.set(.writable)
        bench.transport.rule = { _ in .delivered(status: 200) }
        bench.advance(.milliseconds(1001))
        #expect(bench.transport.log.map(\.event) == Array(1...500))
    }

    @Test func `one call with thousands of events keeps memory bounded and does not stop for ever`() {
        let bench = DispatcherBench(bounds: small)
        bench.append((1...1000).map { _ in "hot" })
        bench.append("other")
        #expect(bench.dispatcher.status.waiting <= 100)
        bench.transport.rule = { _ in .delivered(status: 200) }
        for event in bench.underWay { bench.end(event) }
        bench.advance(.milliseconds(1))
        #expect(bench.transport.log.map(\.event) == Array(1...1001))
    }

    private func entry(_ number: Int) -> JournalEntry {
        JournalEntry(
            position: JournalPosition(Int64(number)),
            event: makeEvent(number, subject: "leg-\(number)"),
            route: "/"
        )
    }
}
