import Delivery
import Logging
import Webhooks

/// One line per attempt: debug when it went well, a warning when a destination did not take an event.
struct IngestLog: Sendable {
    /// For the lines.
    let logger: Logger
    /// Names by position in the configuration.
    let destinations: [String]

    /// A push came again: sipgate never does that, so somebody should know.
    func repeated(on route: Route) {
        logger.warning("push came again and was not kept", metadata: ["route": "\(route.path)"])
    }

    /// An attempt has come to an end.
    func attempted(_ event: Event, route: Route, destination: Int, outcome: AttemptOutcome) {
        switch outcome {
        case .delivered:
            logger.debug("event delivered", metadata: metadata(event, route, destination, outcome))
        case .refused, .timedOut, .unreachable, .overloaded, .protocolError:
            logger.warning("destination did not take the event", metadata: metadata(event, route, destination, outcome))
        }
    }

    private func metadata(
        _ event: Event,
        _ route: Route,
        _ destination: Int,
        _ outcome: AttemptOutcome
    ) -> Logger.Metadata {
        [
            "route": "\(route.path)",
            "destination": "\(destinations[destination])",
            "event": "\(event.id)",
            "type": "\(event.draft.type)",
            "outcome": "\(outcome)",
        ]
    }
}
