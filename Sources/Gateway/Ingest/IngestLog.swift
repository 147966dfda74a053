import Delivery
import Logging
import Sipgate
import Webhooks

/// One line per event, at debug, and one per attempt of a route that stores nothing: debug when it went well, a warning
/// when a destination did not take an event.
struct IngestLog: Sendable {
    /// For the lines.
    let logger: Logger
    /// Names by position in the configuration.
    let destinations: [String]
    /// Masks numbers and names.
    let personal: PersonalData
    /// Events are where they belong.
    func accepted(_ events: [Event], on route: Route) {
        guard logger.logLevel <= .debug else { return }
        for event in events {
            logger.debug(
                "event accepted",
                metadata: event.metadata(personal).merging(["route": "\(route.path)"]) { $1 }
            )
        }
    }

    /// A push came again: sipgate never does that, so somebody should know.
    func repeated(on route: Route) {
        logger.warning("push came again and was not kept", metadata: ["route": "\(route.path)"])
    }

    /// An attempt has come to an end.
    func attempted(_ event: Event, route: String, destination: Int, outcome: AttemptOutcome) {
        switch outcome {
        case .delivered:
            logger.debug("event delivered", metadata: metadata(event, route, destination, outcome))
        case .refused, .timedOut, .unreachable, .overloaded, .protocolError:
            logger.warning("destination did not take the event", metadata: metadata(event, route, destination, outcome))
        }
    }

    private func metadata(
        _ event: Event,
        _ route: String,
        _ destination: Int,
        _ outcome: AttemptOutcome
    ) -> Logger.Metadata {
        [
            "route": "\(route)",
            "destination": "\(destinations[destination])",
            "event": "\(event.id)",
            "type": "\(event.draft.type)",
            "outcome": "\(outcome)",
        ]
    }
}

extension Event {
    /// Who is involved, masked, as far as the data says so; identifiers of calls say nothing about anybody.
    fileprivate func metadata(_ personal: PersonalData) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["event": "\(id)", "type": "\(draft.type)", "leg": "\(draft.subject)"]
        let limits = JSONReader.Limits(bytes: 1 << 20, depth: 16, items: 4096)
        guard let data = try? JSONReader.read(draft.data, limits: limits) else { return metadata }
        for key in ["call", "direction"] {
            if let text = data[key]?.text { metadata[key] = .string(text) }
        }
        for key in ["from", "to"] {
            if let raw = data[key]?["raw"]?.text { metadata[key] = .string(personal.number(raw)) }
        }
        for key in ["diversion", "answeringNumber"] {
            if let raw = data[key]?.text { metadata[key] = .string(personal.number(raw)) }
        }
        // Groups have up to 120 people: a line is for a glance.
        let names = (data["users"]?.elements ?? []).prefix(8).compactMap { $0["name"]?.text }
        if !names.isEmpty { metadata["users"] = .array(names.map { .string(personal.name($0)) }) }
        return metadata
    }
}
