internal import Journal
internal import Logging
internal import Webhooks

/// What one destination's dispatcher says: a line for each attempt, each end of an event, and each turn of the breaker.
struct DispatcherLog {
    let logger: Logger
    let destination: String

    /// An attempt has come to its end: debug when it went well, a warning when there will be another one, an error when
    /// the event is a dead letter now.
    func attempted(_ item: LeasedAttempt, _ outcome: AttemptOutcome, _ result: Settlement.Outcome) {
        switch result {
        case .delivered:
            logger.debug("event delivered", metadata: metadata(item, outcome))
        case .deferred(let until):
            logger.warning(
                "destination did not take the event",
                metadata: metadata(item, outcome).merging(["next_try": "\(until)"]) { $1 }
            )
        case .dead(let reason):
            logger.error(
                "event is a dead letter",
                metadata: metadata(item, outcome).merging(["reason": "\(reason)"]) { $1 }
            )
        case .held, .expired:
            ()
        }
    }

    /// An event was not sent any more.
    func expired(_ item: LeasedAttempt) {
        logger.notice(
            "event expired before it could be sent",
            metadata: [
                "destination": "\(destination)", "event": "\(item.event.id)", "type": "\(item.event.draft.type)",
            ]
        )
    }

    /// The breaker has turned.
    func breakerChanged(_ condition: BreakerCondition) {
        switch condition {
        case .closed:
            logger.notice("destination is back", metadata: ["destination": "\(destination)"])
        case .open(let until):
            logger.warning(
                "destination is left alone for a while",
                metadata: ["destination": "\(destination)", "until": "\(until)"]
            )
        case .halfOpen:
            logger.notice("destination is tried again", metadata: ["destination": "\(destination)"])
        }
    }

    /// The journal did not give what was asked of it.
    func journalFailed(_ error: any Error) {
        logger.warning(
            "the journal cannot be read; asking again",
            metadata: ["destination": "\(destination)", "error": "\(error)"]
        )
    }

    private func metadata(_ item: LeasedAttempt, _ outcome: AttemptOutcome) -> Logger.Metadata {
        [
            "destination": "\(destination)",
            "event": "\(item.event.id)",
            "type": "\(item.event.draft.type)",
            "attempt": "\(item.number)",
            "outcome": "\(outcome.words)",
        ]
    }
}
