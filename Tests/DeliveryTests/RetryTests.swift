import Journal
import NIOCore
import Testing
import Webhooks

@testable import Delivery

/// The retry schedule in virtual time.
@Suite struct RetryTests {
    private let busy = AttemptOutcome.refused(status: 503)

    /// A bench whose breaker never opens.
    private func bench(_ configure: (inout Destination) -> Void = { _ in }) -> DispatcherBench {
        DispatcherBench { destination in
            destination.breaker.failures = .max
            configure(&destination)
        }
    }

    @Test func `the whole schedule of a day: each wait doubles up to the bound, and jitter is only added`() {
        let bench = bench()
        bench.transport.rule = { _ in AttemptOutcome.refused(status: 503) }
        bench.append("a")
        for _ in 0..<(26 * 3600) { bench.advance(.seconds(1)) }

        let log = bench.transport.log
        #expect(log.map(\.attempt) == Array(1...log.count))
        for (index, (earlier, later)) in zip(log, log.dropFirst()).enumerated() {
            let base = min(1000 << Int64(min(index, 20)), 300_000)
            let wait = later.time.milliseconds - earlier.time.milliseconds
            // One millisecond for the resolution of the timer.
            #expect(wait >= base && wait <= base + base / 4 + 1, "after attempt \(index + 1): \(wait) ms")
        }
        let last = log[log.count - 1].time.milliseconds - DispatcherBench.origin.milliseconds
        #expect(last >= 86_400_000 && last <= 86_400_000 + 375_001)
        #expect(bench.outcome(1) == .dead(reason: "gave_up"))
    }

    @Test func `jitter spreads, and never takes off`() {
        let policy = RetryPolicy()
        var random = SplitMix64(seed: 7)
        let now = Timestamp(milliseconds: 1_000_000)
        let waits = (0..<1000).map { _ in
            policy.nextTry(after: 3, advice: nil, now: now, jitter: random.next()).milliseconds - now.milliseconds
        }
        #expect(waits.allSatisfy { (4000...5000).contains($0) })
        #expect(Set(waits).count > 300)
    }

    @Test(
        arguments: [
            (RetryAfter.seconds(0), 1000), (.seconds(120), 120_000), (.seconds(3600), 3_600_000),
            (.seconds(999_999_999_999), 3_600_000),
            (.date(Timestamp(milliseconds: DispatcherBench.origin.milliseconds + 60_000)), 60_000),
            (.date(Timestamp(milliseconds: 0)), 1000),
        ] as [(RetryAfter, Int64)]
    )
    func `Retry-After is a lower bound, up to an hour`(_ advice: RetryAfter, _ least: Int64) throws {
        let bench = bench()
        bench.append("a")
        bench.end(1, .refused(status: 429, retryAfter: advice))
        guard case .deferred(let until) = bench.outcome(1) else {
            Issue.record("not deferred")
            return
        }
        let wait = until.milliseconds - bench.now.milliseconds
        #expect(wait >= least && wait <= least + 250)
        bench.advance(.milliseconds(least - 1))
        #expect(bench.transport.log.count == 1)
        bench.advance(.milliseconds(252))
        #expect(bench.transport.log.count == 2)
    }

    @Test func `Retry-After may ask for more than an hour where the policy itself waits longer`() {
        var policy = RetryPolicy()
        policy.maxDelay = .hours(6)
        let now = Timestamp(milliseconds: 0)
        let asked = Timestamp(milliseconds: 5 * 3_600_000)
        #expect(policy.nextTry(after: 1, advice: asked, now: now, jitter: 0) == asked)
    }

    @Test(arguments: [
        (AttemptOutcome.delivered(status: 200), Verdict.delivered), (.delivered(status: 299), .delivered),
        (.refused(status: 408), .retry(nil)), (.refused(status: 425), .retry(nil)),
        (.refused(status: 429), .retry(nil)),
        (.refused(status: 500), .retry(nil)), (.refused(status: 599), .retry(nil)),
        (.refused(status: 503, retryAfter: .seconds(5)), .retry(.seconds(5))),
        (.refused(status: 101), .dead(reason: "refused")), (.refused(status: 301), .dead(reason: "refused")),
        (.refused(status: 400), .dead(reason: "refused")), (.refused(status: 404), .dead(reason: "refused")),
        (.refused(status: 410), .dead(reason: "refused")), (.refused(status: 600), .dead(reason: "refused")),
        (.timedOut(phase: .answering), .retry(nil)), (.timedOut(phase: .connecting), .retry(nil)),
        (.unreachable("refused"), .retry(nil)), (.protocolError, .retry(nil)), (.overloaded, .retry(nil)),
    ])
    func `every outcome has its verdict`(_ outcome: AttemptOutcome, _ verdict: Verdict) {
        #expect(RetryPolicy().verdict(on: outcome) == verdict)
    }

    @Test func `statuses can be moved from one side to the other`() {
        var policy = RetryPolicy()
        policy.statuses = [404, 409]
        policy.dead = [500]
        #expect(policy.verdict(on: .refused(status: 404)) == .retry(nil))
        #expect(policy.verdict(on: .refused(status: 409)) == .retry(nil))
        #expect(policy.verdict(on: .refused(status: 500)) == .dead(reason: "refused"))
        #expect(policy.verdict(on: .refused(status: 502)) == .retry(nil))
    }

    @Test func `an event that is too old already gets its one attempt`() {
        let bench = bench { $0.retry.giveUpAfter = .milliseconds(1) }
        bench.append("a")
        bench.advance(.seconds(1))
        bench.end(1, busy)
        #expect(bench.transport.log.count == 1)
        #expect(bench.outcome(1) == .dead(reason: "gave_up"))
    }

    @Test func `a dead letter that an operator sends again goes out at once, and holds nobody up`() {
        let bench = bench()
        bench.append("a")
        bench.end(1, .refused(status: 404))
        #expect(bench.outcome(1) == .dead(reason: "refused"))
        bench.replay(1)
        #expect(bench.underWay == [1])
        bench.append("a")
        #expect(bench.underWay == [1, 2])
        bench.end(1, busy)
        bench.append("a")
        bench.end(2)
        #expect(bench.underWay == [3])
        bench.advance(.seconds(2))
        #expect(bench.underWay == [3, 1])
        bench.end(1)
        #expect(bench.outcome(1) == .delivered)
    }

    @Test func `fresh entries never wait for retries, and retries get their share`() {
        let bench = bench { $0.concurrency = 8 }
        // Twenty calls fail once.
        bench.transport.rule = { $0.number == 1 ? .refused(status: 503) : nil }
        bench.append((1...20).map { "old-\($0)" })
        bench.transport.rule = nil
        bench.advance(.seconds(10))
        // They hang now, and leave a quarter free.
        #expect(bench.underWay.count == 6)
        bench.append("new-1", "new-2", "new-3")
        #expect(bench.underWay.filter { $0 > 20 } == [21, 22])
        // While fresh ones wait, retries that end are not followed by others beyond their share of two.
        for event in bench.underWay.filter({ $0 <= 20 }) { bench.end(event) }
        #expect(bench.underWay.contains(23))
        bench.append((1...40).map { "more-\($0)" })
        #expect(bench.underWay.filter { $0 <= 20 }.count <= 6)
        var retried = 0
        var fresh = 0
        for _ in 0..<40 {
            guard let event = bench.underWay.first else { break }
            if event <= 20 { retried += 1 } else { fresh += 1 }
            bench.end(event)
        }
        #expect(retried >= 8 && fresh >= 20)
    }

    @Test func `with a concurrency of one, retries and fresh entries take turns`() {
        let bench = bench { $0.concurrency = 1 }
        bench.transport.rule = { $0.number == 1 && $0.eventNumber <= 5 ? .refused(status: 503) : nil }
        bench.append((1...5).map { "old-\($0)" })
        bench.append((1...20).map { "new-\($0)" })
        bench.advance(.seconds(10))
        for _ in 0..<25 { if let event = bench.underWay.first { bench.end(event) } }
        let order = bench.transport.log.dropFirst(5).map { $0.event <= 5 }
        #expect(order.filter { $0 }.count == 5 && order.filter { !$0 }.count == 20)
        // At least one retry in every five starts, and never two in a row while fresh ones wait.
        let places = order.indices.filter { order[$0] }
        #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 >= 2 && $1 - $0 <= 5 })
    }
}
