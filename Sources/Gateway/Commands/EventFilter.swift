import Foundation
import Journal
import NIOCore
import Webhooks

/// Which events an operator means, from the arguments of a command.
package struct EventFilter: Sendable {
    /// What is wrong with an argument, in a sentence.
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    /// The states, as they are written.
    package static let states = DeliveryState.allCases.map(\.rawValue)

    /// For the journal.
    private(set) var journal = JournalFilter()

    /// Whether nothing is selected.
    package var isEmpty: Bool { journal.isEmpty }

    /// Reads the arguments; nil ones select nothing.
    ///
    /// - Throws: `Problem` for the first that makes no sense.
    package init(
        id: String? = nil,
        route: String? = nil,
        type: String? = nil,
        call: String? = nil,
        state: String? = nil,
        destination: String? = nil,
        since: String? = nil
    ) throws(Problem) {
        if let id {
            guard let id = EventID(id) else {
                throw Problem(description: "\(id.quoted) is no event id: it has 36 characters, as in `webhook-id`.")
            }
            journal.id = id.description
        }
        if let type {
            // The whole CloudEvents type is as good as its last part.
            let name = type.split(separator: ".").suffix(2).joined(separator: ".")
            let types = DestinationSection.eventTypes + ["alarm.raised", "alarm.cleared"]
            guard types.contains(name) else {
                let remedy = NearestName.remedy(types, to: type) ?? ""
                throw Problem(description: "There is no type \(type.quoted); \(remedy)")
            }
            journal.type = name
        }
        if let state {
            guard let state = DeliveryState(rawValue: state) else {
                let remedy = NearestName.remedy(EventFilter.states, to: state) ?? ""
                throw Problem(description: "There is no state \(state.quoted); \(remedy)")
            }
            journal.state = state
        }
        if let since { journal.since = try EventFilter.moment(since).milliseconds }
        journal.route = route
        journal.call = call
        journal.destination = destination
    }

    /// `24h` ago, or a moment as RFC 3339 writes it.
    static func moment(_ text: String) throws(Problem) -> Timestamp {
        if let ago = DurationText.parse(text) {
            return Timestamp(milliseconds: Timestamp.now().milliseconds - ago.nanoseconds / 1_000_000)
        }
        for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
            if let date = try? style.parse(text) {
                return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
            }
        }
        throw Problem(description: "\(text.quoted) is no time: write `30m`, `24h`, `7d`, or `2026-11-23T06:00:00Z`.")
    }
}
