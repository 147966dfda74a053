import Admin
import Delivery
import Journal
import NIOCore
import NIOPosix
import Webhooks

extension GatewayMetrics {
    // MARK: What went out

    /// - Parameters:
    ///   - forwarded: attempts of routes that keep nothing, by destination.
    ///   - text: where it is written.
    func writeDeliveries(forwarded: [AttemptCounts], _ text: inout MetricsText) async {
        let statuses = await journal?.statuses(on: group.next()) ?? []
        var attempts = configuration.destinations.map { _ in AttemptCounts() }
        for (index, status) in statuses.enumerated() where index < attempts.count {
            attempts[index].add(status.attempts)
        }
        for (index, counts) in forwarded.enumerated() where index < attempts.count { attempts[index].add(counts) }
        let names = configuration.destinations.map(\.name)

        text.counter("hookgate_attempts_total", "Attempts to deliver, by destination and outcome.") { family in
            for (name, attempts) in zip(names, attempts) {
                for (outcome, count) in zip(AttemptCounts.outcomes, attempts.counts) {
                    family.sample(count, [("destination", name), ("outcome", outcome)])
                }
            }
        }
        text.histogram(
            "hookgate_attempt_duration_seconds",
            "From the beginning of an attempt to its end.",
            unit: 1e9,
            zip(names, attempts).map { name, attempts in (labels: [("destination", name)], histogram: attempts.time) }
        )
        guard !statuses.isEmpty else { return }
        text.gauge("hookgate_breaker_state", "1 for the state the breaker is in.") { family in
            for status in statuses {
                for state in ["closed", "half_open", "open"] {
                    family.sample(
                        status.breaker.word == state ? 1 : 0,
                        [("destination", status.destination), ("state", state)]
                    )
                }
            }
        }
        text.gauge("hookgate_attempts_under_way", "Attempts that have begun and not ended.") { family in
            for status in statuses { family.sample(status.underWay, [("destination", status.destination)]) }
        }
        text.gauge("hookgate_last_success_timestamp_seconds", "When a destination last took an event.") { family in
            for status in statuses {
                guard let time = status.lastSuccess else { continue }
                family.sample(Double(time.milliseconds) / 1000, [("destination", status.destination)])
            }
        }
    }

    // MARK: The journal

    func write(_ journal: GatewayJournal, _ text: inout MetricsText) async {
        let statistics = journal.journal.statistics
        let condition = journal.journal.condition
        text.gauge("hookgate_journal_state", "1 for the state the journal is in.") { family in
            for state in ["writable", "unavailable", "full", "closed"] {
                family.sample(condition.word == state ? 1 : 0, [("state", state)])
            }
        }
        let counters: [(StaticString, StaticString, Int)] = [
            ("hookgate_journal_commits_total", "Synced commits.", statistics.commits),
            ("hookgate_journal_events_total", "Events made durable.", statistics.events),
            ("hookgate_journal_settlements_total", "Deliveries noted.", statistics.settled),
            ("hookgate_journal_pruned_events_total", "Events removed after their time.", statistics.pruned),
            ("hookgate_journal_failures_total", "Times that writing failed.", statistics.failures),
        ]
        for (name, help, value) in counters { text.counter(name, help) { $0.sample(value) } }
        text.gauge("hookgate_journal_size_bytes", "What file and log hold.") { $0.sample(statistics.bytes) }
        text.gauge("hookgate_journal_max_size_bytes", "How large the journal may become.") { family in
            family.sample(configuration.journal?.maxBytes ?? 0)
        }
        text.histogram(
            "hookgate_journal_commit_duration_seconds",
            "From the first to the last step of a commit, its sync included.",
            unit: 1e9,
            [([], statistics.commitTime)]
        )
        text.histogram(
            "hookgate_journal_commit_events",
            "Events in one commit.",
            [([], statistics.eventsInCommit)]
        )
        guard let path = configuration.journal?.path,
            let backlog = try? await JournalAccess(path: path).ask({ try $0.backlog() })
        else { return }
        writeBacklog(backlog, &text)
    }

    private func writeBacklog(_ lines: [BacklogLine], _ text: inout MetricsText) {
        let names = Set(configuration.destinations.map(\.name))
        // Who was a destination once is left out: there could be ever more of them.
        let lines = lines.filter { names.contains($0.destination) }
        text.gauge("hookgate_destination_events", "Events of the journal, by destination and state.") { family in
            for line in lines {
                let counts = line.counts
                for (state, count) in [
                    ("pending", counts.pending), ("delivered", counts.delivered), ("dead", counts.dead),
                    ("expired", counts.expired), ("dropped", counts.dropped),
                ] {
                    family.sample(count, [("destination", line.destination), ("state", state)])
                }
            }
        }
        text.gauge("hookgate_oldest_pending_age_seconds", "The age of the oldest event that waits; 0: none.") {
            family in
            let now = Timestamp.now()
            for line in lines {
                let age = line.oldest.map { max(0, now.milliseconds - $0.milliseconds) } ?? 0
                family.sample(Double(age) / 1000, [("destination", line.destination)])
            }
        }
    }
}

extension BreakerCondition {
    /// A stable word.
    var word: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half_open"
        }
    }
}

extension JournalCondition {
    /// A stable word.
    var word: String {
        switch self {
        case .writable: "writable"
        case .unavailable: "unavailable"
        case .full: "full"
        case .closed: "closed"
        }
    }
}
