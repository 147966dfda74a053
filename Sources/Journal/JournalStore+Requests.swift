import GRDB
import Webhooks

extension JournalStore {
    /// What one step of an operator's request came to.
    struct RequestStep {
        /// The destinations whose deferred entries changed.
        var touched: Set<Int> = []
    }

    /// Works off a part of the first request, in the open transaction.
    ///
    /// - Parameters:
    ///   - window: how many positions to look at.
    ///   - limit: how many entries to change.
    /// - Returns: what was done.
    /// - Throws: `DatabaseError`.
    func workOffRequest(window: Int64 = 2000, limit: Int64 = 500) throws -> RequestStep {
        var step = RequestStep()
        guard var request = requests.first else { return step }
        var end = min(last, request.resume + window)
        let before = request.done
        for (position, audience, subject) in try candidates(request, through: end) {
            for place in audiences[audience] ?? [] where request.concerns(places[place]) {
                if try apply(request, place, position, subject: subject) {
                    request.done += 1
                    step.touched.insert(place)
                }
            }
            if request.done - before >= limit {
                end = position
                break
            }
        }
        request.resume = end
        let isFinished = end >= last
        try database.execute(
            sql: "UPDATE request SET resume = ?, done = ?, finished = ? WHERE id = ?",
            arguments: [end, request.done, isFinished ? Timestamp.now().milliseconds : nil, request.id]
        )
        requests[0] = request
        if isFinished { requests.removeFirst() }
        return step
    }

    /// The events that a request may concern; their states are not looked at yet.
    private func candidates(
        _ request: Request,
        through end: Int64
    ) throws -> [(position: Int64, audience: Int64, subject: String)] {
        var filter = request.filter
        filter.state = nil
        let scan = try JournalScan(database, reading: .names)
        guard let (condition, arguments) = scan.condition(filter) else { return [] }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT position, audience, subject FROM event
                WHERE position > ? AND position <= ? AND \(condition) ORDER BY position
                """,
            arguments: [request.resume, end] + arguments
        )
        var candidates: [(position: Int64, audience: Int64, subject: String)] = []
        while let row = try rows.next() { candidates.append((row.value(0), row.value(1), row.value(2))) }
        return candidates
    }

    /// Retries or drops an event at one destination, if its state allows.
    private func apply(_ request: Request, _ place: Int, _ position: Int64, subject: String) throws -> Bool {
        let row = try delivery(place, position)
        let state = row?.publicState ?? (places[place].line.hasLeft(position) ? .delivered : .pending)
        guard request.applies(to: state) else { return false }
        return request.isRetry
            ? try retry(place, position, subject: subject, row, state)
            : try drop(place, position, subject: subject, row, state)
    }

    private func retry(
        _ place: Int,
        _ position: Int64,
        subject: String,
        _ row: DeliveryRow?,
        _ state: DeliveryState
    ) throws -> Bool {
        switch state {
        case .pending:
            // In line or held, its turn comes; claimed, it is under way.
            guard let row, row.state == .retry, !row.isClaimed else { return false }
            try setState(place, position, .retry, due: soon())
            return true
        case .delivered: places[place].counts.delivered -= 1
        case .dead: places[place].counts.dead -= 1
        case .expired: places[place].counts.expired -= 1
        case .dropped: places[place].counts.dropped -= 1
        }
        places[place].isChanged = true
        let attempts = try row?.attempts ?? attemptsBeforeDelivery(place, position)
        try putDelivery(
            place,
            position,
            subject: subject,
            DeliveryRow(state: .retry, isReplay: true, isClaimed: false, attempts: attempts),
            due: soon(),
            reason: nil
        )
        return true
    }

    /// At least the one that delivered it, so that the numbers go on.
    private func attemptsBeforeDelivery(_ place: Int, _ position: Int64) throws -> Int64 {
        let failed = try Int64.fetchOne(
            database,
            sql: "SELECT max(number) FROM attempt WHERE position = ? AND destination = ?",
            arguments: [position, places[place].id]
        )
        return (failed ?? 0) + 1
    }

    private func drop(
        _ place: Int,
        _ position: Int64,
        subject: String,
        _ row: DeliveryRow?,
        _ state: DeliveryState
    ) throws -> Bool {
        switch state {
        case .pending: places[place].line.leave(position)
        case .dead: places[place].counts.dead -= 1
        case .delivered, .expired, .dropped: return false
        }
        places[place].counts.dropped += 1
        places[place].isChanged = true
        try putDelivery(
            place,
            position,
            subject: subject,
            DeliveryRow(state: .dropped, isReplay: false, isClaimed: false, attempts: row?.attempts ?? 0),
            due: nil,
            reason: nil
        )
        if let row, row.state == .retry || row.state == .held, !row.isReplay { try promote(place, subject: subject) }
        return true
    }
}

extension JournalStore.Request {
    func concerns(_ place: Place) -> Bool {
        filter.destination == nil || filter.destination == place.name
    }

    /// Without a state and an id, what is dead or waits: nobody sends again what was delivered by leaving a word out.
    func applies(to state: DeliveryState) -> Bool {
        if let wanted = filter.state { return wanted == state }
        return filter.id != nil || state == .dead || state == .pending
    }
}

extension DeliveryRow {
    var publicState: DeliveryState {
        switch state {
        case .retry, .held: .pending
        case .dead: .dead
        case .expired: .expired
        case .dropped: .dropped
        }
    }
}
