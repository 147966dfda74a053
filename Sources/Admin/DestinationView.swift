package import Delivery
import Journal
import Webhooks

/// A destination as operators see it.
package struct DestinationView: Sendable {
    /// Its name.
    package let name: String
    /// Where it is, without anything that could be a secret.
    package let url: String
    /// How its dispatcher stands; nil when nothing is kept for it.
    package let status: DispatcherStatus?

    package init(name: String, url: String, status: DispatcherStatus?) {
        self.name = name
        self.url = url
        self.status = status
    }
}

extension JSONWriter {
    /// Writes a destination with what waits for it.
    mutating func destination(_ view: DestinationView, _ backlog: BacklogLine?, now: Timestamp) {
        object { json in
            json.field("name", view.name)
            json.field("url", view.url)
            if let status = view.status { json.status(status) }
            guard let backlog else { return }
            json.name("events")
            json.object { json in
                json.field("accepted", backlog.counts.accepted)
                json.field("delivered", backlog.counts.delivered)
                json.field("pending", backlog.counts.pending)
                json.field("dead", backlog.counts.dead)
                json.field("expired", backlog.counts.expired)
                json.field("dropped", backlog.counts.dropped)
            }
            if let oldest = backlog.oldest {
                json.field("oldest_pending_ms", Int(max(0, now.milliseconds - oldest.milliseconds)))
            }
        }
    }

    private mutating func status(_ status: DispatcherStatus) {
        switch status.breaker {
        case .closed:
            field("breaker", "closed")
        case .halfOpen:
            field("breaker", "half_open")
        case .open(let until):
            field("breaker", "open")
            field("open_until", until.description)
        }
        field("under_way", status.underWay)
        field("last_success", status.lastSuccess?.description)
        name("attempts")
        object { json in
            for (outcome, count) in zip(AttemptCounts.outcomes, status.attempts.counts) where count > 0 {
                json.name(escaping: outcome)
                json.number(count)
            }
        }
        guard let median = status.attempts.time.quantile(0.5), let late = status.attempts.time.quantile(0.95) else {
            return
        }
        name("latency_ms")
        object { json in
            json.field("half_within", median / 1_000_000)
            json.field("most_within", late / 1_000_000)
        }
    }
}
