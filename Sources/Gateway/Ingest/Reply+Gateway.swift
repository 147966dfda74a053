import Delivery
import NIOCore
import Webhooks

extension Reply {
    /// A 401 with the challenge that every 401 has to carry (RFC 9110, section 11.6.1; RFC 7617).
    static func challenge(_ reason: ReasonCode) -> Reply {
        .refusal(reason).with("WWW-Authenticate", #"Basic realm="hookgate", charset="UTF-8""#)
    }

    /// The reply with one more header field.
    func with(_ name: StaticString, _ value: String) -> Reply {
        var reply = self
        reply.headers.append((name, value))
        return reply
    }

    /// The reply with `Retry-After` in whole seconds, rounded up (RFC 9110, section 10.2.3).
    func retry(after delay: TimeAmount) -> Reply {
        with("Retry-After", "\(max(1, (delay.nanoseconds + 999_999_999) / 1_000_000_000))")
    }
}

extension AttemptOutcome {
    /// What the sender is told when nothing is kept and a destination did not take the event; nil when it did.
    var refusal: Reply? {
        let reason: ReasonCode
        switch self {
        case .delivered: return nil
        case .refused, .protocolError: reason = .destinationRefused
        case .timedOut: reason = .destinationTimeout
        case .unreachable: reason = .destinationUnavailable
        case .overloaded: reason = .overloaded
        }
        return Reply.refusal(reason).retry(after: .seconds(5))
    }
}
