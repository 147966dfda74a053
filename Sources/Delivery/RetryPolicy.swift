package import NIOCore
internal import Webhooks

/// When a failed delivery is tried again, and when no more.
///
/// | attempt that failed | wait by default |
/// | --- | --- |
/// | 1st | 1 s |
/// | 2nd, 3rd, … 8th | 2 s, 4 s, … 128 s |
/// | from the 9th on | 256 s, then 5 min |
///
/// Up to a quarter of the wait is added at random, so that a herd spreads out; nothing is ever taken off.
package struct RetryPolicy: Sendable, Equatable {
    /// The wait after the first attempt; it doubles with each further one.
    package var firstDelay: TimeAmount = .seconds(1)
    /// The longest wait, to which only jitter is added.
    package var maxDelay: TimeAmount = .minutes(5)
    /// The age of an event from which a failed attempt is its last.
    ///
    /// At least one attempt is always made.
    package var giveUpAfter: TimeAmount = .hours(24)
    /// Statuses that are worth a retry besides 408, 425, 429 and 5xx.
    package var statuses: Set<Int> = []
    /// Statuses that make a dead letter at once, although they would be worth a retry.
    package var dead: Set<Int> = []

    package init() {}

    /// How long `Retry-After` can make us wait.
    private var longestAdvice: Int64 {
        max(maxDelay.nanoseconds / 1_000_000, 3_600_000)
    }

    /// Longer than this in milliseconds nothing waits: a due time further away comes from a clock that jumped.
    var longestWait: Int64 {
        longestAdvice + maxDelay.nanoseconds / 4_000_000
    }

    /// When an event is tried again.
    ///
    /// - Parameters:
    ///   - attempt: the number of the attempt that failed, from 1.
    ///   - advice: when the receiver asked to be tried again at the earliest.
    ///   - now: the end of the attempt.
    ///   - jitter: a random number, of which every value is as likely.
    /// - Returns: never before `advice`, as far as it is reasonable, nor before the policy's own wait is over.
    func nextTry(after attempt: Int, advice: Timestamp?, now: Timestamp, jitter: UInt64) -> Timestamp {
        let first = max(1, firstDelay.nanoseconds / 1_000_000)
        let most = max(first, maxDelay.nanoseconds / 1_000_000)
        let doublings = min(max(0, attempt - 1), 40)
        let wait = first > most >> Int64(doublings) ? most : first << Int64(doublings)
        let added = Int64(jitter % UInt64(wait / 4 + 1))
        let asked = min(max(0, advice?.milliseconds(since: now) ?? 0), longestAdvice)
        return now.adding(milliseconds: max(wait, asked) + added)
    }
}

/// What the outcome of an attempt means for its event, and for its destination.
enum Verdict: Sendable, Equatable {
    /// The destination has the event.
    case delivered
    /// Another attempt may do better, not before the receiver wants it.
    case retry(RetryAfter?)
    /// No attempt would do better.
    case dead(reason: String)
}

extension RetryPolicy {
    /// The verdict table.
    ///
    /// | outcome | verdict |
    /// | --- | --- |
    /// | 2xx | delivered |
    /// | 408, 425, 429, 5xx, and `statuses` | retry |
    /// | any other status, and `dead` | dead: `refused` |
    /// | no connection, no answer in time, half an answer, no HTTP | retry |
    /// | our own queue was full | retry |
    func verdict(on outcome: AttemptOutcome) -> Verdict {
        switch outcome {
        case .delivered:
            return .delivered
        case .refused(let status, let retryAfter):
            let isPassing = status == 408 || status == 425 || status == 429 || (500...599).contains(status)
            let isRetried = (isPassing || statuses.contains(status)) && !dead.contains(status)
            return isRetried ? .retry(retryAfter) : .dead(reason: "refused")
        case .timedOut, .unreachable, .protocolError, .overloaded:
            return .retry(nil)
        }
    }
}

extension AttemptOutcome {
    /// Whether it speaks against the destination as a whole, and not just against one event.
    var countsForBreaker: Bool {
        switch self {
        case .refused(let status, _): status == 429 || (500...599).contains(status)
        case .timedOut, .unreachable, .protocolError: true
        case .delivered, .overloaded: false
        }
    }
}
