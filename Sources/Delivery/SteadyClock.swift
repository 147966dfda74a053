package import NIOCore
package import Webhooks

/// A moment by both clocks.
package struct Moment: Sendable, Equatable {
    /// By the `SteadyClock`: for deadlines and due times.
    package let steady: Timestamp
    /// By the clock on the wall, which may jump: for what others read.
    package let wall: Timestamp

    package init(steady: Timestamp, wall: Timestamp) {
        self.steady = steady
        self.wall = wall
    }

    /// How old something is that the wall's clock dated, in milliseconds.
    ///
    /// Should that clock have jumped, it is not known whether before or after. The smaller age is taken, so that a jump
    /// makes nothing die before its time.
    func age(of time: Timestamp) -> Int64 {
        min(steady, wall).milliseconds(since: time)
    }
}

/// The time of day at the start of the process and what has passed since, so that it never jumps.
package struct SteadyClock: Sendable {
    private let origin: Timestamp
    private let start: NIODeadline
    private let wall: @Sendable () -> Timestamp

    /// A clock that starts now.
    package init() {
        self.init(origin: Timestamp.now(), start: NIODeadline.now(), wall: Timestamp.now)
    }

    /// A clock that showed `origin` at `start`, beside one on the wall.
    init(origin: Timestamp, start: NIODeadline, wall: @escaping @Sendable () -> Timestamp) {
        self.origin = origin
        self.start = start
        self.wall = wall
    }

    /// What both clocks show at `now` of an event loop.
    package func moment(at now: NIODeadline) -> Moment {
        let passed = (now - start).nanoseconds / 1_000_000
        return Moment(steady: Timestamp(milliseconds: origin.milliseconds + passed), wall: wall())
    }

    /// When an event loop gets to a moment.
    func deadline(at time: Timestamp) -> NIODeadline {
        // Further away than a year is as good as never, and nothing overflows.
        let distance = min(max(time.milliseconds(since: origin), 0), 31_536_000_000)
        return start + .milliseconds(distance)
    }
}

extension Timestamp {
    /// How much later it is than another one; never beyond counting, whatever a damaged file says.
    func milliseconds(since other: Timestamp) -> Int64 {
        let (difference, overflows) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        return overflows ? (other.milliseconds < 0 ? .max : .min) : difference
    }

    /// This much later; never beyond counting.
    func adding(_ amount: TimeAmount) -> Timestamp {
        adding(milliseconds: amount.nanoseconds / 1_000_000)
    }

    /// This much later; never beyond counting.
    func adding(milliseconds: Int64) -> Timestamp {
        let (sum, overflows) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Timestamp(milliseconds: overflows ? .max : sum)
    }
}
