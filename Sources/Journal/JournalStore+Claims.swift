import Webhooks

/// A deferred entry that was claimed, without the event itself.
struct Claim: Sendable {
    let position: Int64
    let subject: String
    let attempt: Int
    let origin: Lease.Origin
}

extension JournalStore {
    /// Claims what is due, in the open transaction.
    ///
    /// - Returns: the claims, and when the next entry is due.
    /// - Throws: `DatabaseError`.
    func claim(
        _ place: Int,
        dueBy now: Timestamp,
        expiry: Timestamp,
        limit: Int
    ) throws -> (claims: [Claim], nextDue: Timestamp?) {
        dispatcherTime = now.milliseconds
        let statement = settling.due
        statement.bind(1, places[place].id)
        statement.bind(2, now.milliseconds)
        statement.bind(3, Int64(max(1, limit)))
        var claims: [Claim] = []
        while try statement.next() {
            claims.append(
                Claim(
                    position: statement.integer(0),
                    subject: statement.text(3),
                    attempt: Int(statement.integer(1)) + 1,
                    origin: statement.integer(2) == 0 ? .deferred : .replay
                )
            )
        }
        for claim in claims {
            settling.claim.bind(1, places[place].id)
            settling.claim.bind(2, claim.position)
            settling.claim.bind(3, expiry.milliseconds)
            try settling.claim.run()
        }
        return (claims, try nextDue(place))
    }
}

extension JournalStore {
    /// Notes that a deliverer is given entries in line up to a position.
    func hand(_ place: Int, _ position: Int64) {
        guard position > places[place].handed else { return }
        places[place].handed = position
        places[place].isChanged = true
    }

    /// Takes what a page of the line does not hold out of the line: it was never wanted, or is not there.
    func pass(_ place: Int, _ page: LinePage, after start: Int64) throws {
        let wanted = page.entries.map(\.position.value)
        var next = wanted.startIndex
        for position in stride(from: start + 1, through: page.through, by: 1) {
            if next < wanted.endIndex, wanted[next] == position {
                next += 1
            } else if page.damaged.contains(position) {
                try bury(place, position)
            } else {
                places[place].line.leave(position)
            }
        }
    }

    /// Makes a dead letter of an event that is damaged beyond use.
    private func bury(_ place: Int, _ position: Int64) throws {
        guard places[place].line.leave(position) else { return }
        places[place].counts.dead += 1
        places[place].isChanged = true
        let row = DeliveryRow(state: .dead, isReplay: false, isClaimed: false, attempts: 0)
        try putDelivery(place, position, subject: "", row, due: nil, reason: "damaged")
    }
}
