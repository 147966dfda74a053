package import Webhooks

/// Which events: every condition that is set has to hold.
///
/// Also what stands in a request of an operator, as JSON.
package struct JournalFilter: Sendable, Equatable, Codable {
    /// The id of one event, 36 characters.
    package var id: String?
    /// The path of the route.
    package var route: String?
    /// The type without its namespace: `call.started`.
    package var type: String?
    /// The subject: the provider's id of the call's leg.
    package var call: String?
    /// The state at `destination`, or at any destination when none is given.
    package var state: DeliveryState?
    /// The name of a destination that wants the event.
    package var destination: String?
    /// Accepted at this moment or later, in milliseconds since 1970.
    package var since: Int64?
    /// Text that the event's data holds, byte for byte; looking for it reads the data of everything else that fits.
    package var text: String?

    package init() {}

    /// Whether it lets everything through.
    package var isEmpty: Bool { self == JournalFilter() }
}

/// Where an event stands at one destination.
package enum DeliveryState: String, Sendable, CaseIterable, Codable {
    /// Not delivered yet: in line, waiting for a retry, or held behind an earlier event of its call.
    case pending
    /// The destination took it.
    case delivered
    /// Given up; an operator can have it sent again.
    case dead
    /// It had become worthless before it could be sent.
    case expired
    /// An operator took it out.
    case dropped
}

/// An event with where it stands.
package struct JournalRecord: Sendable {
    /// The event.
    package let entry: JournalEntry
    /// One for each destination that wants it, in the order of the destinations' first appearance.
    package let deliveries: [DeliveryStatus]
}

/// Where an event stands at one destination, and how it came there.
package struct DeliveryStatus: Sendable {
    /// The destination's name.
    package let destination: String
    /// Where it stands.
    package var state: DeliveryState
    /// Finer than `state` for what is pending: `line`, `retry` or `held`; else the same word.
    package var detail: String
    /// When the next attempt is due; nil when none is planned for a moment.
    package var due: Timestamp?
    /// Why it is dead, in a stable word.
    package var reason: String?
    /// Attempts counted so far.
    package var attempts: Int
    /// All attempts that are on record, in order; filled by `JournalReader.show` only.
    package var history: [AttemptRecord] = []
}
