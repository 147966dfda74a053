import Webhooks

/// How many events of which type one event loop has accepted, by route.
///
/// Used on that loop only. Types come from the code of providers, so there are few: looking through them costs less than
/// a dictionary.
final class AcceptedCounts {
    /// One route and one type.
    struct Line: Sendable {
        let route: Int
        let type: EventType
        var count: Int
    }

    /// What became of the questions of one route.
    struct Questions: Sendable {
        /// From the question to the answer, or to the end of waiting, in nanoseconds.
        var time = Histogram(bounds: Histogram.latencyBounds)
        /// Questions without a usable answer.
        var unanswered = 0
    }

    private(set) var lines: [Line] = []
    /// By route.
    private(set) var questions: [Questions]
    /// Pushes that were there before, by route.
    private(set) var repetitions: [Int]

    /// - Parameter routes: how many there are.
    init(routes: Int) {
        repetitions = Array(repeating: 0, count: routes)
        questions = Array(repeating: Questions(), count: routes)
    }

    /// A destination was asked for a decision.
    func asked(_ answer: InquiryAnswer, nanoseconds: Int, route: Int) {
        grow(to: route)
        questions[route].time.record(nanoseconds)
        if case .missing = answer { questions[route].unanswered += 1 }
    }

    /// A push came again.
    func repeated(route: Int) {
        grow(to: route)
        repetitions[route] += 1
    }

    /// Routes may be added while the gateway runs.
    private func grow(to route: Int) {
        while repetitions.count <= route {
            repetitions.append(0)
            questions.append(Questions())
        }
    }

    /// Events were accepted.
    func note(_ events: [Event], route: Int) {
        for event in events {
            if let index = lines.firstIndex(where: { $0.route == route && $0.type == event.draft.type }) {
                lines[index].count += 1
            } else {
                lines.append(Line(route: route, type: event.draft.type, count: 1))
            }
        }
    }
}

@available(*, unavailable)
extension AcceptedCounts: Sendable {}
