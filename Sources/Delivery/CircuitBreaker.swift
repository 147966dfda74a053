package import NIOCore
package import Webhooks

/// When a destination is left alone for a while.
package struct BreakerPolicy: Sendable, Equatable {
    /// Failures in a row that open the breaker: network faults, time-outs, 5xx and 429.
    package var failures = 5
    /// How long nothing is sent then; it doubles with every probe that fails.
    package var openFor: TimeAmount = .seconds(30)
    /// The longest such pause.
    package var maxOpen: TimeAmount = .minutes(5)

    package init() {}
}

/// What an operator sees of a breaker.
package enum BreakerCondition: Sendable, Equatable {
    /// Attempts are made.
    case closed
    /// None are made before this moment.
    case open(until: Timestamp)
    /// One is made, to see.
    case halfOpen
}

/// Leaves a destination alone that fails again and again: a value that is told what happens and when.
///
/// After the pause one attempt goes through as a probe. When it succeeds, attempts are let in slowly, one more at a time
/// for every success: a receiver that just came back is not met by the whole backlog at once.
struct CircuitBreaker {
    private enum State {
        /// With so many failures in a row, and so many attempts allowed at once.
        case closed(failures: Int, allowance: Int)
        case open(until: Timestamp, pause: Int64)
        case halfOpen(isProbing: Bool, pause: Int64)
    }

    private let policy: BreakerPolicy
    private var state = State.closed(failures: 0, allowance: CircuitBreaker.unlimited)
    /// More than any concurrency.
    private static let unlimited = 1 << 20

    init(_ policy: BreakerPolicy) {
        self.policy = policy
    }

    var condition: BreakerCondition {
        switch state {
        case .closed: .closed
        case .open(let until, _): .open(until: until)
        case .halfOpen: .halfOpen
        }
    }

    /// Whether there is only room for a probe.
    var isProbing: Bool {
        switch state {
        case .closed: false
        case .open: true
        case .halfOpen: true
        }
    }

    /// Whether one more attempt may begin.
    mutating func permits(underWay: Int, now: Timestamp) -> Bool {
        switch state {
        case .closed(_, let allowance):
            return underWay < allowance
        case .open(let until, let pause):
            guard until <= now else { return false }
            state = .halfOpen(isProbing: false, pause: pause)
            return true
        case .halfOpen(let isProbing, _):
            return !isProbing
        }
    }

    /// An attempt begins.
    ///
    /// - Returns: whether it is a probe.
    mutating func begin() -> Bool {
        switch state {
        case .closed, .open:
            return false
        case .halfOpen(_, let pause):
            state = .halfOpen(isProbing: true, pause: pause)
            return true
        }
    }

    /// An attempt has ended.
    ///
    /// What began before the breaker opened says nothing about now: then only the probe counts.
    mutating func end(failed: Bool, isProbe: Bool, now: Timestamp) {
        switch state {
        case .closed(let failures, let allowance):
            if failed {
                let count = failures + 1
                state =
                    count < policy.failures
                    ? .closed(failures: count, allowance: allowance) : opened(pause: firstPause, now)
            } else if failures > 0 || allowance < CircuitBreaker.unlimited {
                state = .closed(failures: 0, allowance: min(allowance + 1, CircuitBreaker.unlimited))
            }
        case .open:
            ()
        case .halfOpen(_, let pause):
            guard isProbe else { return }
            if failed {
                let longest = max(policy.maxOpen.nanoseconds / 1_000_000, firstPause)
                state = opened(pause: min(pause * 2, longest), now)
            } else {
                state = .closed(failures: 0, allowance: 2)
            }
        }
    }

    private var firstPause: Int64 { max(1, policy.openFor.nanoseconds / 1_000_000) }

    private func opened(pause: Int64, _ now: Timestamp) -> State {
        .open(until: now.adding(milliseconds: pause), pause: pause)
    }
}
