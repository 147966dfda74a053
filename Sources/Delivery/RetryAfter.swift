package import Webhooks

/// When a receiver wants to be asked again: the `Retry-After` field, RFC 9110, section 10.2.3.
package enum RetryAfter: Sendable, Equatable {
    /// After so many seconds.
    case seconds(Int64)
    /// At a moment by the receiver's clock.
    case date(Timestamp)

    /// Reads the value of the field; nil when it is neither a number of seconds nor an HTTP-date.
    init?(_ value: some StringProtocol) {
        let text = value.utf8.filter { $0 != 0x20 && $0 != 0x09 }
        if !text.isEmpty, text.allSatisfy({ (48...57).contains($0) }) {
            // Years away is as good as any: the policy has its own bound.
            self = .seconds(text.count > 12 ? 999_999_999_999 : text.reduce(0) { $0 * 10 + Int64($1 - 48) })
        } else if let date = HTTPDate.parse(String(value)) {
            self = .date(date)
        } else {
            return nil
        }
    }

    /// The earliest moment of the next attempt, by the steady clock.
    func moment(_ now: Moment) -> Timestamp {
        switch self {
        case .seconds(let seconds):
            return now.steady.adding(milliseconds: seconds * 1000)
        case .date(let date):
            // The receiver looks at a clock like the one on our wall.
            return now.steady.adding(milliseconds: date.milliseconds(since: now.wall))
        }
    }
}
