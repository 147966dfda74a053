package import Webhooks

/// How the attempts at one destination ended, and how long they took: plain integers.
///
/// Snapshots of several owners add up.
package struct AttemptCounts: Sendable, Equatable {
    /// The words of the journal, in the order of the counts.
    package static let outcomes = ["delivered", "refused", "timed_out", "unreachable", "overloaded", "protocol_error"]

    /// By outcome, in the order of `outcomes`.
    package private(set) var counts: [Int] = Array(repeating: 0, count: AttemptCounts.outcomes.count)
    /// From the beginning of an attempt to its end, in nanoseconds.
    package private(set) var time = Histogram(bounds: Histogram.latencyBounds)

    package init() {}

    /// An attempt has come to its end.
    mutating func note(_ outcome: AttemptOutcome, nanoseconds: Int) {
        counts[AttemptCounts.place(outcome)] += 1
        time.record(nanoseconds)
    }

    /// Adds a snapshot.
    package mutating func add(_ other: AttemptCounts) {
        for (index, count) in other.counts.enumerated() { counts[index] += count }
        time.add(other.time)
    }

    private static func place(_ outcome: AttemptOutcome) -> Int {
        switch outcome {
        case .delivered: 0
        case .refused: 1
        case .timedOut: 2
        case .unreachable: 3
        case .overloaded: 4
        case .protocolError: 5
        }
    }
}
