import Delivery
import Edge
import NIOCore
import Webhooks

/// Everything that one event loop counts, where it is counted.
///
/// Used on that loop only.
final class LoopMeasures {
    /// A copy that may go elsewhere.
    struct Snapshot: Sendable {
        var edge: EdgeCounts
        var accepted: [AcceptedCounts.Line]
        /// By route.
        var repetitions: [Int]
        /// By route.
        var questions: [AcceptedCounts.Questions]
        /// By destination.
        var attempts: [AttemptCounts]
        var lag: Histogram
    }

    private let edge: EdgeLoop
    private let accepted: AcceptedCounts
    private let forwarder: Forwarder
    private let lag: LoopLag

    init(edge: EdgeLoop, accepted: AcceptedCounts, forwarder: Forwarder, eventLoop: any EventLoop) {
        self.edge = edge
        self.accepted = accepted
        self.forwarder = forwarder
        lag = LoopLag(eventLoop)
        lag.start()
    }

    var snapshot: Snapshot {
        Snapshot(
            edge: edge.counts,
            accepted: accepted.lines,
            repetitions: accepted.repetitions,
            questions: accepted.questions,
            attempts: forwarder.attempts,
            lag: lag.histogram
        )
    }
}

@available(*, unavailable)
extension LoopMeasures: Sendable {}

extension LoopMeasures.Snapshot {
    /// What several loops have counted together; nil of none.
    static func sum(_ all: [LoopMeasures.Snapshot]) -> LoopMeasures.Snapshot? {
        guard var sum = all.first else { return nil }
        for other in all.dropFirst() { sum.add(other) }
        return sum
    }

    private mutating func add(_ other: LoopMeasures.Snapshot) {
        edge.add(other.edge)
        lag.add(other.lag)
        // One loop may know of a route before another.
        while repetitions.count < other.repetitions.count { repetitions.append(0) }
        while questions.count < other.questions.count { questions.append(AcceptedCounts.Questions()) }
        for (index, count) in other.repetitions.enumerated() { repetitions[index] += count }
        for (index, other) in other.questions.enumerated() {
            questions[index].time.add(other.time)
            questions[index].unanswered += other.unanswered
        }
        for (index, counts) in other.attempts.enumerated() { attempts[index].add(counts) }
        for line in other.accepted {
            if let index = accepted.firstIndex(where: { $0.type == line.type && $0.route == line.route }) {
                accepted[index].count += line.count
            } else {
                accepted.append(line)
            }
        }
    }
}
