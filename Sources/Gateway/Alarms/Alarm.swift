import NIOCore
import Webhooks

/// Something that only a gateway can see, at one of its routes or destinations.
struct Alarm: Sendable, Hashable {
    /// What is wrong; the raw value is its stable name.
    enum Kind: String, Sendable, CaseIterable {
        /// Legs began, and pushes about their ends never came.
        case missingFollowUps = "missing_follow_ups"
        /// No push in an hour that usually has some.
        case silence
        /// Every attempt fails.
        case failingDestination = "failing_destination"
    }

    let kind: Kind
    /// The path of the route, or the name of the destination.
    let place: String

    /// What the place is, as labels and members of JSON name it.
    var placeName: StaticString { kind == .failingDestination ? "destination" : "route" }

    /// The subject of its events, so that they stay in order.
    var subject: String { "\(kind.rawValue) \(place)" }

    /// The alarm of a subject; nil for another text.
    init?(subject: String) {
        let parts = subject.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.init(kind, at: String(parts[1]))
    }

    init(_ kind: Kind, at place: String) {
        self.kind = kind
        self.place = place
    }

    /// What it means, in words that are the same every time.
    func words(isRaised: Bool) -> StaticString {
        switch (kind, isRaised) {
        case (.missingFollowUps, true): "calls begin and their ends are not told: follow-up addresses are not reached"
        case (.missingFollowUps, false): "the ends of calls are told again"
        case (.silence, true): "no push in an hour that usually has some"
        case (.silence, false): "pushes arrive again"
        case (.failingDestination, true): "every attempt at a destination fails"
        case (.failingDestination, false): "a destination takes events again"
        }
    }
}

/// An alarm that was raised or cleared.
struct AlarmChange: Sendable, Equatable {
    /// A figure or a moment that explains it.
    struct Fact: Sendable, Equatable {
        enum Value: Sendable, Equatable {
            case count(Int)
            case time(Timestamp)
        }

        let name: String
        let value: Value

        static func count(_ name: String, _ count: Int) -> Fact { Fact(name: name, value: .count(count)) }
        static func time(_ name: String, _ time: Timestamp) -> Fact { Fact(name: name, value: .time(time)) }
    }

    let alarm: Alarm
    let isRaised: Bool
    let time: Timestamp
    let facts: [Fact]
}

extension AlarmChange {
    static let namespace = "net.hookgate"
    private static let raised = EventType(namespace: namespace, name: "alarm.raised")
    private static let cleared = EventType(namespace: namespace, name: "alarm.cleared")

    /// As an event.
    var draft: EventDraft {
        var data = ByteBuffer()
        data.writeJSON(capacity: 256) { json in
            json.object { json in
                json.field("alarm", alarm.kind.rawValue)
                json.field(alarm.placeName, alarm.place)
                json.field("text", "\(alarm.words(isRaised: isRaised))")
                for fact in facts {
                    json.name(escaping: fact.name)
                    switch fact.value {
                    case .count(let count): json.number(count)
                    case .time(let time): json.string(time.description)
                    }
                }
            }
        }
        return EventDraft(
            type: isRaised ? AlarmChange.raised : AlarmChange.cleared,
            subject: alarm.subject,
            data: data,
            time: time
        )
    }
}
