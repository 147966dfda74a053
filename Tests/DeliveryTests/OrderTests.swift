import Journal
import NIOCore
import Testing
import Webhooks

@testable import Delivery

/// Events of one subject arrive in the order in which they were accepted; other subjects do not wait for them.
@Suite struct OrderTests {
    @Test func `a later event of a call waits for the earlier, other calls do not`() {
        let bench = DispatcherBench()
        bench.append("a", "a", "b", "a", "c")
        #expect(bench.underWay == [1, 3, 5])
        bench.end(1)
        #expect(bench.underWay == [3, 5, 2])
        bench.end(2)
        bench.end(3)
        bench.end(5)
        #expect(bench.underWay == [4])
        bench.end(4)
        #expect((1...5).allSatisfy { bench.outcome($0) == .delivered })
        #expect(bench.dispatcher.status.waiting == 0 && bench.dispatcher.status.waitingBytes == 0)
    }

    @Test func `what comes behind a deferred event is held, and follows it one after the other`() {
        let bench = DispatcherBench()
        bench.append("a", "a")
        bench.end(1, .refused(status: 503))
        #expect(bench.outcome(2) == .held)
        bench.append("b", "a")
        #expect(bench.underWay == [3])
        #expect(bench.outcome(4) == .held)
        // Nothing of it stays in memory.
        #expect(bench.dispatcher.status.waiting == 0)
        bench.advance(.milliseconds(1251))
        #expect(bench.underWay == [3, 1])
        bench.append("a")
        bench.end(1)
        bench.end(2)
        #expect(bench.underWay == [3, 4])
        bench.end(4)
        bench.end(5)
        #expect(bench.dispatcher.status.deferredSubjects == 0)
        // The call flows freely again.
        bench.append("a")
        #expect(bench.underWay == [3, 6])
    }

    @Test func `a dead letter lets the next one go`() {
        let bench = DispatcherBench()
        bench.append("a", "a")
        bench.end(1, .refused(status: 410))
        #expect(bench.underWay == [2])
    }

    @Test func `without order nothing waits`() {
        let bench = DispatcherBench { $0.order = .none }
        bench.append("a", "a", "a", "a", "a")
        #expect(bench.underWay == [1, 2, 3, 4])
        bench.end(1, .refused(status: 503))
        #expect(bench.underWay == [2, 3, 4, 5])
        bench.append("a")
        bench.end(2)
        #expect(bench.underWay == [3, 4, 5, 6])
        for event in 3...6 { bench.end(UInt64(event)) }
        bench.advance(.milliseconds(1251))
        bench.end(1)
        #expect((1...6).allSatisfy { bench.outcome($0) == .delivered })
    }

    @Test func `after a restart what was deferred and held goes on in order`() {
        let bench = DispatcherBench()
        bench.append("a", "a", "b")
        bench.end(1, .refused(status: 503))
        bench.restart(losingSettlements: false)
        // The attempt of the last process on event 3 came to nothing.
        #expect(bench.underWay == [3])
        bench.append("a")
        #expect(bench.underWay == [3])
        bench.advance(.milliseconds(1251))
        for event in [1, 2, 4] {
            #expect(bench.underWay.last == UInt64(event))
            bench.end(UInt64(event))
        }
        #expect(bench.transport.log.map(\.event) == [3, 1, 2, 4])
    }

    @Test func `an operator who drops the head of a call does not stop it, nor the calls after it`() {
        let bench = DispatcherBench()
        bench.append("a", "a", "a")
        bench.end(1, .refused(status: 503))
        bench.journal.drop(JournalPosition(1), at: 0)
        bench.advance(.milliseconds(1))
        #expect(bench.underWay == [2])
        bench.journal.drop(JournalPosition(3), at: 0)
        bench.advance(.milliseconds(1))
        bench.end(2)
        // Our count says that one is still set aside; new ones take the way by the journal until it is set right.
        bench.append("a")
        bench.advance(.seconds(6))
        bench.end(4)
        #expect(bench.outcome(4) == .delivered)
        for _ in 0..<20 { bench.advance(.seconds(1)) }
        #expect(bench.dispatcher.status.deferredSubjects == 0)
        bench.append("a")
        #expect(bench.underWay == [5])
    }

    /// What happens to a dispatcher in one run: everything at random, from one seed.
    private struct Run {
        let bench: DispatcherBench
        private var random: SplitMix64
        private var appended = 0
        private var subjects: [UInt64: String] = [:]
        /// What the receiver has seen with success, in order, by subject.
        private var arrivals: [String: [UInt64]] = [:]
        private var seen: Set<UInt64> = []
        private(set) var restarts = 0

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            let concurrency = Int.random(in: 1...6, using: &random)
            let size = Int.random(in: 4...40, using: &random)
            bench = DispatcherBench(bounds: .init(entries: size, bytes: 1 << 20, page: max(2, size / 4)), seed: seed) {
                $0.concurrency = concurrency
                $0.breaker.failures = 4
                $0.breaker.openFor = .seconds(2)
                $0.retry.maxDelay = .seconds(4)
            }
        }

        mutating func step(failing: Bool) {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<25 where failing:
                var batch: [String] = []
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    appended += 1
                    let subject = "leg-\(Int.random(in: 0..<5, using: &random))"
                    subjects[UInt64(appended)] = subject
                    batch.append(subject)
                }
                bench.append(batch)
            case 25..<80:
                guard let item = bench.transport.underWay.randomElement(using: &random) else { break }
                end(item, failing: failing)
            case 80..<83 where failing:
                restarts += 1
                // What was under way may have arrived, although nobody heard of it.
                for item in bench.transport.underWay where Bool.random(using: &random) { arrived(item) }
                bench.restart(losingSettlements: Bool.random(using: &random), seed: random.next())
            case 83..<85 where failing:
                bench.journal.set(.unavailable("test"))
                bench.advance(.milliseconds(Int64.random(in: 0...1500, using: &random)))
                bench.journal.set(.writable)
            default:
                bench.advance(.milliseconds(Int64.random(in: 0...2000, using: &random)))
            }
            checkUnderWay()
        }

        private mutating func end(_ item: LeasedAttempt, failing: Bool) {
            let outcomes: [AttemptOutcome] = [
                .refused(status: 503), .timedOut(phase: .answering), .unreachable("refused"), .refused(status: 400),
                .refused(status: 429, retryAfter: .seconds(2)),
            ]
            if failing, Int.random(in: 0..<100, using: &random) < 40, let bad = outcomes.randomElement(using: &random) {
                // A lost answer: the receiver has it all the same.
                if case .timedOut = bad { arrived(item) }
                bench.end(item.eventNumber, bad)
            } else {
                arrived(item)
                bench.end(item.eventNumber)
            }
        }

        /// Order is a promise on first arrivals: duplicates carry an id that was seen before.
        private mutating func arrived(_ item: LeasedAttempt) {
            guard seen.insert(item.eventNumber).inserted else { return }
            arrivals[item.subject, default: []].append(item.eventNumber)
        }

        private func checkUnderWay() {
            let underWay = bench.transport.underWay.map(\.subject)
            #expect(Set(underWay).count == underWay.count, "two attempts of one call at once")
            #expect(underWay.count <= bench.destination.concurrency)
        }

        /// Lets everything come to its end.
        mutating func settle() {
            for _ in 0..<200 {
                bench.advance(.seconds(1))
                while let item = bench.transport.underWay.first { end(item, failing: false) }
            }
        }

        func check() {
            let outcomes = bench.journal.outcomes(0)
            #expect(appended > 100)
            for number in 1...appended {
                switch outcomes[JournalPosition(Int64(number))] {
                case .delivered:
                    #expect(seen.contains(UInt64(number)))
                case .dead:
                    ()
                case .deferred, .held, .expired, nil:
                    Issue.record("event \(number) is neither delivered nor dead")
                }
            }
            for (subject, numbers) in arrivals {
                #expect(numbers == numbers.sorted(), "\(subject)")
                #expect(numbers.allSatisfy { subjects[$0] == subject })
            }
            let status = bench.dispatcher.status
            #expect(status.waiting == 0 && status.waitingBytes == 0 && status.underWay == 0)
            #expect(status.deferredSubjects == 0 && status.isLive)
        }
    }

    @Test(arguments: 1...16 as ClosedRange<UInt64>)
    func `failures, lost answers, crashes and a failing journal never break order per call`(_ seed: UInt64) {
        var run = Run(seed: seed)
        for _ in 0..<700 { run.step(failing: true) }
        for _ in 0..<100 { run.step(failing: false) }
        run.settle()
        run.check()
        #expect(run.restarts > 1)
    }
}
