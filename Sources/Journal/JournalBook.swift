internal import Webhooks

/// The states of entries at their destinations, by the rules of `EventJournal`, without a file and without a clock.
struct JournalBook: Sendable {
    /// An entry that has left the line and is still pending.
    private enum Aside: Sendable {
        case retry(due: Timestamp, attempts: Int, isReplay: Bool)
        case held
    }

    /// One destination's part.
    private struct Part: Sendable {
        /// All wanted entries up to here have left the line.
        var cursor: Int64 = 0
        var aside: [Int64: Aside] = [:]
        var ended: [Int64: Settlement.Outcome] = [:]
        /// Attempts of those in line.
        var attempts: [Int64: Int] = [:]
    }

    private var entries: [NewEntry] = []
    private var parts: [Part]

    init(destinations: Int) {
        parts = Array(repeating: Part(), count: destinations)
    }

    /// Keeps entries.
    ///
    /// - Returns: the news for each destination that wants some of them.
    mutating func append(_ new: [NewEntry]) -> [(destination: Int, news: [JournalEntry])] {
        var news = Array(repeating: [JournalEntry](), count: parts.count)
        for entry in new {
            entries.append(entry)
            let position = Int64(entries.count)
            for destination in parts.indices where entry.destinations.contains(destination) {
                parts[destination].attempts[position] = 1
                news[destination].append(journalEntry(position))
            }
        }
        return news.enumerated().filter { !$0.element.isEmpty }.map { ($0.offset, $0.element) }
    }

    private func journalEntry(_ position: Int64) -> JournalEntry {
        let entry = entries[Int(position - 1)]
        return JournalEntry(position: JournalPosition(position), event: entry.event, route: entry.route)
    }

    private func subject(_ position: Int64) -> String {
        entries[Int(position - 1)].event.draft.subject
    }

    func standing(_ destination: Int) -> JournalStanding {
        var deferred: [String: Int] = [:]
        var due: Timestamp?
        for (position, aside) in parts[destination].aside {
            switch aside {
            case .retry(let time, _, let isReplay):
                if !isReplay { deferred[subject(position), default: 0] += 1 }
                due = due.map { min($0, time) } ?? time
            case .held:
                deferred[subject(position), default: 0] += 1
            }
        }
        return JournalStanding(
            cursor: JournalPosition(parts[destination].cursor),
            last: JournalPosition(Int64(entries.count)),
            deferred: deferred,
            nextDue: due
        )
    }

    mutating func read(_ destination: Int, after position: JournalPosition, limit: Int) -> [Lease] {
        var leases: [Lease] = []
        var next = max(position.value, parts[destination].cursor) + 1
        while leases.count < limit, next <= entries.count {
            if isInLine(next, destination) {
                // Fresh ones were counted when they were committed; whoever reads makes another attempt.
                let attempt = parts[destination].attempts[next, default: 0] + 1
                parts[destination].attempts[next] = attempt
                leases.append(Lease(entry: journalEntry(next), attempt: attempt, origin: .sequence))
            }
            next += 1
        }
        return leases
    }

    private func isInLine(_ position: Int64, _ destination: Int) -> Bool {
        position > parts[destination].cursor && parts[destination].aside[position] == nil
            && parts[destination].ended[position] == nil
            && entries[Int(position - 1)].destinations.contains(destination)
    }

    mutating func lease(_ destination: Int, dueBy now: Timestamp, expiry: Timestamp, limit: Int) -> LeaseBatch {
        let waiting = parts[destination].aside
            .compactMap { position, aside -> (position: Int64, due: Timestamp, attempts: Int, isReplay: Bool)? in
                guard case .retry(let due, let attempts, let isReplay) = aside else { return nil }
                return (position, due, attempts, isReplay)
            }
            .sorted { ($0.due, $0.position) < ($1.due, $1.position) }
        let claimed = waiting.prefix { $0.due <= now }.prefix(limit)
        for item in claimed {
            parts[destination].aside[item.position] = .retry(
                due: expiry,
                attempts: item.attempts + 1,
                isReplay: item.isReplay
            )
        }
        let leases = claimed.map { item in
            Lease(
                entry: journalEntry(item.position),
                attempt: item.attempts + 1,
                origin: item.isReplay ? .replay : .deferred
            )
        }
        let nextDue = waiting.dropFirst(claimed.count).first?.due ?? claimed.first.map { _ in expiry }
        return LeaseBatch(leases: leases, nextDue: nextDue)
    }

    // MARK: Settling

    mutating func settle(_ settlement: Settlement) {
        let position = settlement.position.value
        let destination = settlement.destination
        let attempts = settlement.attempt?.number ?? 0
        switch settlement.outcome {
        case .delivered, .dead, .expired:
            parts[destination].aside[position] = nil
            parts[destination].ended[position] = settlement.outcome
            if settlement.origin == .deferred { promote(settlement.subject, destination) }
        case .deferred(let until):
            let isReplay = settlement.origin == .replay
            parts[destination].aside[position] = .retry(due: until, attempts: attempts, isReplay: isReplay)
        case .held:
            parts[destination].aside[position] = .held
            // Should the one it waits for be gone, an operator's doing, nobody else would wake it.
            if !hasRetry(settlement.subject, destination) { promote(settlement.subject, destination) }
        }
        parts[destination].attempts[position] = nil
        advance(destination)
    }

    private mutating func advance(_ destination: Int) {
        var next = parts[destination].cursor + 1
        while next <= entries.count, !isInLine(next, destination) {
            parts[destination].cursor = next
            next += 1
        }
    }

    private func hasRetry(_ subject: String, _ destination: Int) -> Bool {
        parts[destination].aside.contains { position, aside in
            guard case .retry(_, _, false) = aside else { return false }
            return self.subject(position) == subject
        }
    }

    /// Makes the first held entry of a subject due at once.
    private mutating func promote(_ subject: String, _ destination: Int) {
        let held = parts[destination].aside.filter { position, aside in
            guard case .held = aside else { return false }
            return self.subject(position) == subject
        }
        guard let first = held.keys.min() else { return }
        parts[destination].aside[first] = .retry(due: Timestamp(milliseconds: 0), attempts: 0, isReplay: false)
    }

    // MARK: Operators

    mutating func replay(_ position: JournalPosition, at destination: Int) {
        guard parts[destination].ended.removeValue(forKey: position.value) != nil else { return }
        parts[destination].aside[position.value] = .retry(
            due: Timestamp(milliseconds: 0),
            attempts: 0,
            isReplay: true
        )
    }

    mutating func drop(_ position: JournalPosition, at destination: Int) {
        guard let aside = parts[destination].aside.removeValue(forKey: position.value) else { return }
        parts[destination].ended[position.value] = .dead(reason: "dropped")
        if case .retry(_, _, false) = aside { promote(subject(position.value), destination) }
    }

    /// What has become of the entries at a destination, as far as they have left the line.
    func outcomes(_ destination: Int) -> [JournalPosition: Settlement.Outcome] {
        var outcomes: [JournalPosition: Settlement.Outcome] = [:]
        for (position, outcome) in parts[destination].ended { outcomes[JournalPosition(position)] = outcome }
        for (position, aside) in parts[destination].aside {
            switch aside {
            case .held: outcomes[JournalPosition(position)] = .held
            case .retry(let due, _, _): outcomes[JournalPosition(position)] = .deferred(until: due)
            }
        }
        return outcomes
    }
}
