import Journal
import NIOCore
import Testing
import Webhooks

@testable import Delivery

/// Breaker, rate and expiry in virtual time.
@Suite struct BreakerTests {
    private let busy = AttemptOutcome.refused(status: 503)

    private func names(_ count: Int) -> [String] { (1...count).map { "leg-\($0)" } }

    private func isOpen(_ bench: DispatcherBench) -> Bool {
        if case .open = bench.dispatcher.status.breaker { true } else { false }
    }

    @Test func `five failures in a row open it; a success in between starts the count anew`() {
        let bench = DispatcherBench { $0.concurrency = 1 }
        bench.append(names(20))
        for event in 1...4 { bench.end(UInt64(event), busy) }
        bench.end(5)
        for event in 6...9 { bench.end(UInt64(event), busy) }
        #expect(!isOpen(bench))
        bench.end(10, busy)
        #expect(isOpen(bench))
        #expect(bench.underWay.isEmpty)
        // What waits stays in line.
        #expect(bench.dispatcher.status.waiting == 10)
        #expect((11...20).allSatisfy { bench.outcome($0) == nil })
    }

    @Test(arguments: [
        (AttemptOutcome.refused(status: 500), true), (.refused(status: 429), true),
        (.timedOut(phase: .answering), true),
        (.unreachable("refused"), true), (.protocolError, true), (.refused(status: 404), false),
        (.refused(status: 408), false), (.refused(status: 425), false), (.refused(status: 301), false),
    ])
    func `what speaks against the destination opens it, what speaks against an event does not`(
        _ outcome: AttemptOutcome,
        _ opens: Bool
    ) {
        let bench = DispatcherBench { $0.concurrency = 1 }
        bench.transport.rule = { _ in outcome }
        bench.append(names(5))
        #expect(isOpen(bench) == opens)
    }

    @Test func `after the pause one probe goes out, and each that fails doubles the pause up to the bound`() {
        let bench = DispatcherBench { destination in
            destination.concurrency = 1
            destination.breaker.openFor = .seconds(30)
            destination.breaker.maxOpen = .seconds(100)
        }
        bench.transport.rule = { _ in .unreachable("refused") }
        bench.append(names(50))
        #expect(bench.transport.log.count == 5)
        for _ in 0..<500 { bench.advance(.seconds(1)) }
        let times = bench.transport.log.dropFirst(4).map { $0.time.milliseconds }
        let pauses = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(pauses.prefix(5) == [30_000, 60_000, 100_000, 100_000, 100_000])
        // What failed before is what probes: no fresh entry is set aside for it.
        #expect(bench.transport.log.dropFirst(5).allSatisfy { $0.event <= 5 })
    }

    @Test func `while it is open nothing is attempted, memory stays flat, and afterwards everything is delivered`() {
        let bench = DispatcherBench(bounds: EntryLine.Bounds(entries: 64, bytes: 1 << 20, page: 16)) {
            $0.breaker.openFor = .seconds(30)
        }
        var isUp = false
        bench.transport.rule = { _ in isUp ? .delivered(status: 200) : .unreachable("refused") }
        for _ in 0..<100 {
            bench.append(names(20))
            #expect(bench.dispatcher.status.waiting <= 64)
        }
        #expect(bench.transport.log.count == 5)
        #expect(!bench.dispatcher.status.isLive)
        isUp = true
        for _ in 0..<120 { bench.advance(.seconds(1)) }
        let outcomes = bench.journal.outcomes(0)
        #expect(outcomes.count == 2000 && outcomes.values.allSatisfy { $0 == .delivered })
        #expect(bench.dispatcher.status.isLive)
        #expect(bench.dispatcher.status.breaker == .closed)
        // Nothing twice, but for those that failed.
        #expect(bench.transport.log.count <= 2000 + 10)
    }

    @Test func `after a probe that succeeds attempts are let in slowly`() {
        var breaker = CircuitBreaker(BreakerPolicy())
        let start = Timestamp(milliseconds: 0)
        for _ in 0..<5 { breaker.end(failed: true, isProbe: false, now: start) }
        let later = start.adding(.seconds(30))
        func most() -> Int { (0..<10).first { !breaker.permits(underWay: $0, now: later) } ?? 10 }
        let before = breaker.permits(underWay: 0, now: later.adding(milliseconds: -1))
        #expect(!before)
        #expect(most() == 10)
        let isProbe = breaker.begin()
        #expect(isProbe)
        #expect(most() == 0)
        breaker.end(failed: false, isProbe: true, now: later)
        #expect(breaker.condition == .closed)
        #expect(most() == 2)
        breaker.end(failed: false, isProbe: false, now: later)
        #expect(most() == 3)
    }

    @Test func `attempts from before say nothing to an open or half-open breaker`() {
        var breaker = CircuitBreaker(BreakerPolicy())
        let start = Timestamp(milliseconds: 0)
        for _ in 0..<5 { breaker.end(failed: true, isProbe: false, now: start) }
        breaker.end(failed: false, isProbe: false, now: start)
        #expect(breaker.condition == .open(until: start.adding(.seconds(30))))
        let isPermitted = breaker.permits(underWay: 3, now: start.adding(.seconds(30)))
        let isProbe = breaker.begin()
        #expect(isPermitted && isProbe)
        breaker.end(failed: true, isProbe: false, now: start.adding(.seconds(31)))
        breaker.end(failed: false, isProbe: false, now: start.adding(.seconds(31)))
        #expect(breaker.condition == .halfOpen)
    }

    // MARK: Rate

    @Test func `the rate holds to the attempt, from a burst of one second on`() {
        let bench = DispatcherBench { destination in
            destination.concurrency = 100
            destination.rate = 50
        }
        bench.transport.rule = { _ in .delivered(status: 200) }
        bench.append(names(1000))
        #expect(bench.transport.log.count == 50)
        for second in 1...10 {
            for _ in 0..<100 { bench.advance(.milliseconds(10)) }
            #expect(abs(bench.transport.log.count - (50 + second * 50)) <= 1)
        }
    }

    @Test func `a rate of one makes one attempt a second`() {
        let bench = DispatcherBench { $0.rate = 1 }
        bench.transport.rule = { _ in .delivered(status: 200) }
        bench.append(names(5))
        for _ in 0..<50 { bench.advance(.milliseconds(100)) }
        let times = bench.transport.log.map { $0.time.milliseconds - DispatcherBench.origin.milliseconds }
        #expect(times == [0, 1000, 2000, 3000, 4000])
    }

    // MARK: Expiry

    @Test func `what became worthless is not sent, wherever it waited`() {
        let bench = DispatcherBench { destination in
            destination.concurrency = 1
            destination.expiry = ["call.started": .seconds(30)]
        }
        bench.append("a", "b", "b")
        bench.append("c", type: "call.ended")
        bench.advance(.seconds(31))
        // The first one was under way in time; it is not sent a second time.
        bench.end(1, busy)
        #expect(bench.outcome(2) == .expired && bench.outcome(3) == .expired)
        #expect(bench.underWay == [4])
        bench.end(4)
        bench.advance(.seconds(2))
        #expect(bench.outcome(1) == .expired)
        #expect(bench.transport.log.count == 2)
        #expect(bench.dispatcher.status.expired == 3)
    }

    @Test func `an expired event that an operator wants is sent all the same`() {
        let bench = DispatcherBench { destination in
            destination.concurrency = 1
            destination.expiry = ["call.started": .seconds(30)]
        }
        bench.append("a", "b")
        bench.advance(.seconds(31))
        bench.end(1)
        #expect(bench.outcome(2) == .expired)
        bench.replay(2)
        bench.end(2)
        #expect(bench.outcome(2) == .delivered)
    }
}
