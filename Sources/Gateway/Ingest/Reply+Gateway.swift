import Delivery
import Journal
import NIOCore
import Webhooks

extension Reply {
    /// A 429 for as long as the throttle says, in whole seconds rounded up (RFC 9110, section 10.2.3).
    static func throttled(_ delay: TimeAmount) -> Reply {
        .refusal(.tooManyFailures, retryAfter: Int((delay.nanoseconds + 999_999_999) / 1_000_000_000))
    }
}

extension JournalError {
    /// What the sender is told when the journal did not take the event.
    var refusal: Reply {
        switch self {
        case .unavailable: .refusal(.journalUnavailable)
        case .full: .refusal(.journalFull)
        case .overloaded: .refusal(.overloaded)
        case .closed: .refusal(.shuttingDown)
        }
    }
}

extension AttemptOutcome {
    /// What the sender is told when nothing is kept and a destination did not take the event; nil when it did.
    var refusal: Reply? {
        switch self {
        case .delivered: nil
        case .refused, .protocolError: .refusal(.destinationRefused)
        case .timedOut: .refusal(.destinationTimeout)
        case .unreachable: .refusal(.destinationUnavailable)
        case .overloaded: .refusal(.overloaded)
        }
    }
}
