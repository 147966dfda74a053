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

    private(set) var lines: [Line] = []
    /// Pushes that were there before, by route.
    private(set) var repetitions: [Int]

    /// - Parameter routes: how many there are.
    init(routes: Int) {
        repetitions = Array(repeating: 0, count: routes)
    }

    /// A push came again.
    func repeated(route: Int) {
        repetitions[route] += 1
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
