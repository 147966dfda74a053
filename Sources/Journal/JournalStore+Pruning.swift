import GRDB
import Webhooks

extension JournalStore {
    /// What one step of pruning came to.
    struct Pruning {
        /// How many events were looked at.
        var looked = 0
        /// How many events were taken out of the file.
        var removed = 0
        /// Whether everything old enough has been looked at; the next step begins a new round.
        var isComplete = false
    }

    /// Looks at some of the oldest events and removes those that are settled everywhere, in the open transaction.
    ///
    /// The last event stays, so that its position is not given away again after a restart.
    ///
    /// - Parameters:
    ///   - moment: events accepted before are old enough.
    ///   - limit: how many to look at.
    /// - Returns: what was done.
    /// - Throws: `DatabaseError`.
    func prune(before moment: Timestamp, limit: Int) throws -> Pruning {
        var pruning = Pruning()
        var candidates: [(position: Int64, audience: Int64)] = []
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT position, audience, time FROM event WHERE position > ? AND position < ? ORDER BY position",
            arguments: [prunedThrough, last]
        )
        pruning.isComplete = true
        while let row = try rows.next() {
            let time: Int64 = row.value(2)
            if time >= moment.milliseconds { break }
            candidates.append((row.value(0), row.value(1)))
            if candidates.count == limit {
                pruning.isComplete = false
                break
            }
        }
        pruning.looked = candidates.count
        for (position, audience) in candidates where try remove(position, audience: audiences[audience] ?? []) {
            pruning.removed += 1
        }
        if let end = candidates.last?.position { try forgetReceipts(through: end) }
        prunedThrough = pruning.isComplete ? 0 : candidates.last?.position ?? 0
        return pruning
    }

    /// Removes an event with all that is known of it, unless it is pending somewhere.
    private func remove(_ position: Int64, audience: [Int]) throws -> Bool {
        guard audience.allSatisfy({ places[$0].line.hasLeft(position) }) else { return false }
        var ends: [(place: Int, state: DeliveryRow.State?)] = []
        for place in audience {
            let row = try delivery(place, position)
            if row?.state == .retry || row?.state == .held { return false }
            ends.append((place, row?.state))
        }
        for (place, state) in ends {
            places[place].isChanged = true
            switch state {
            case .dead: places[place].counts.prunedDead += 1
            case .expired: places[place].counts.prunedExpired += 1
            case .dropped: places[place].counts.prunedDropped += 1
            case .retry, .held, nil: places[place].counts.prunedDelivered += 1
            }
        }
        try database.execute(sql: "DELETE FROM event WHERE position = ?", arguments: [position])
        try database.execute(sql: "DELETE FROM delivery WHERE position = ?", arguments: [position])
        try database.execute(sql: "DELETE FROM attempt WHERE position = ?", arguments: [position])
        return true
    }

    /// Removes the receipts of old events.
    ///
    /// Those beyond a cursor stay: they alone say what was delivered.
    private func forgetReceipts(through end: Int64) throws {
        for place in places {
            try database.execute(
                sql: "DELETE FROM receipt WHERE destination = ? AND last <= ?",
                arguments: [place.id, min(end, place.writtenCursor)]
            )
        }
    }
}
