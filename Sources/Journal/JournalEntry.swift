package import Webhooks

/// The place of an event in the journal: it grows with every accepted event and is never used twice.
package struct JournalPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// From 1; 0 stands before the first event.
    package let value: Int64

    package init(_ value: Int64) {
        self.value = value
    }

    /// Before the first event.
    package static let start = JournalPosition(0)

    package var description: String { String(value) }

    package static func < (a: JournalPosition, b: JournalPosition) -> Bool {
        a.value < b.value
    }
}

/// Which destinations want an event, by their places in the list the journal was opened with: 0 to 63.
package struct DestinationSet: Sendable, Hashable {
    /// How many destinations a configuration can have.
    package static let capacity = 64

    /// Bit n stands for place n.
    package private(set) var bits: UInt64 = 0

    package init() {}

    package init(_ places: some Sequence<Int>) {
        for place in places { insert(place) }
    }

    package var isEmpty: Bool { bits == 0 }

    package func contains(_ place: Int) -> Bool {
        bits & (1 << UInt64(place)) != 0
    }

    package mutating func insert(_ place: Int) {
        bits |= 1 << UInt64(place)
    }
}

/// An event on its way into the journal.
package struct NewEntry: Sendable {
    /// What was accepted.
    package let event: Event
    /// The path of the route that accepted it.
    package let route: String
    /// Who wants it; decided now, so that a later change of filters does not change the past.
    package let destinations: DestinationSet

    package init(event: Event, route: String, destinations: DestinationSet) {
        self.event = event
        self.route = route
        self.destinations = destinations
    }
}

/// An event as the journal keeps it: a fact with a place.
package struct JournalEntry: Sendable {
    /// Where it stands.
    package let position: JournalPosition
    /// What was accepted.
    package let event: Event
    /// The path of the route that accepted it.
    package let route: String

    package init(position: JournalPosition, event: Event, route: String) {
        self.position = position
        self.event = event
        self.route = route
    }
}
