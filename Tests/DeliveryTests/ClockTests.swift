import Journal
import NIOCore
import Testing
import Webhooks

@testable import Delivery

/// Jumps of the clock on the wall.
@Suite struct ClockTests {
    private static let day: Int64 = 86_400_000

    @Test(arguments: [day, -day])
    func `a jump of a day neither hurries nor delays a retry, and kills nothing`(_ jump: Int64) {
        let bench = DispatcherBench { destination in
            destination.breaker.failures = .max
            destination.expiry = ["call.started": .hours(1)]
        }
        bench.append("before")
        bench.jump(jump)
        bench.append("after")
        bench.end(1, .refused(status: 503))
        bench.end(2, .refused(status: 503))
        bench.advance(.milliseconds(999))
        #expect(bench.underWay.isEmpty)
        bench.advance(.milliseconds(252))
        #expect(Set(bench.underWay) == [1, 2])
    }

    @Test func `due times from before a restart and a jump back are not waited for`() {
        let bench = DispatcherBench()
        let far = bench.now.adding(.hours(48))
        bench.append("a")
        bench.end(1, .refused(status: 503))
        // As if the last process had lived a day or two in the future.
        bench.journal.settle([
            Settlement(
                position: JournalPosition(1),
                subject: "a",
                destination: 0,
                origin: .deferred,
                outcome: .deferred(until: far),
                attempt: nil
            )
        ])
        bench.restart(losingSettlements: false)
        #expect(bench.underWay.isEmpty)
        bench.advance(.hours(2))
        #expect(bench.underWay == [1])
    }

    @Test func `the steady clock shows what has passed since its start`() {
        let clock = SteadyClock(origin: Timestamp(milliseconds: 5000), start: .uptimeNanoseconds(1_000_000_000)) {
            Timestamp(milliseconds: 1)
        }
        let moment = clock.moment(at: .uptimeNanoseconds(3_500_000_000))
        #expect(moment == Moment(steady: Timestamp(milliseconds: 7500), wall: Timestamp(milliseconds: 1)))
        #expect(clock.deadline(at: moment.steady) == .uptimeNanoseconds(3_500_000_000))
        #expect(clock.deadline(at: Timestamp(milliseconds: .max)) < .distantFuture)
        #expect(clock.deadline(at: Timestamp(milliseconds: .min)) == .uptimeNanoseconds(1_000_000_000))
        #expect(Timestamp(milliseconds: .max).adding(.seconds(1)) == Timestamp(milliseconds: .max))
    }
}
