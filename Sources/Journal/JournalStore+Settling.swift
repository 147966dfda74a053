import GRDB
import Webhooks

extension JournalStore {
    /// Notes in the open transaction what became of an entry.
    func settle(_ settlement: Settlement) throws {
        let place = settlement.destination
        guard places.indices.contains(place) else { return }
        if let attempt = settlement.attempt {
            dispatcherTime = attempt.time.milliseconds + Int64(attempt.latency)
        }
        if settlement.origin == .sequence, places[place].line.leave(settlement.position.value) {
            try leaveLine(settlement, place)
        } else {
            try settleException(settlement, place)
        }
    }

    /// An entry in line goes on, or ends.
    private func leaveLine(_ settlement: Settlement, _ place: Int) throws {
        places[place].isChanged = true
        switch settlement.outcome {
        case .delivered:
            places[place].counts.delivered += 1
            addReceipt(settlement, place)
            return
        case .deferred(let moment):
            try put(settlement, place, .retry, due: moment.milliseconds)
        case .held:
            try hold(settlement, place)
        case .dead(let reason):
            places[place].counts.dead += 1
            try put(settlement, place, .dead, reason: reason)
        case .expired:
            places[place].counts.expired += 1
            try put(settlement, place, .expired)
        }
        try noteFailure(settlement, place)
    }

    /// Holds an entry behind the one before it in its lane; when an operator took that away, it is due at once.
    private func hold(_ settlement: Settlement, _ place: Int, attempts: Int64? = nil) throws {
        let isBehind =
            try firstWaiting(place, subject: settlement.subject).map {
                $0.position < settlement.position.value
            } ?? false
        try put(
            settlement,
            place,
            isBehind ? .held : .retry,
            due: isBehind ? nil : soon(),
            attempts: attempts
        )
    }

    /// An entry with a row goes on, or ends; one without has ended before, and nothing changes.
    private func settleException(_ settlement: Settlement, _ place: Int) throws {
        let position = settlement.position.value
        guard let row = try delivery(place, position) else { return }
        switch row.state {
        case .retry, .held:
            // A second settlement of an entry in line, which has left it in between.
            guard settlement.origin != .sequence else { return }
        case .dropped where settlement.outcome == .delivered:
            // It was under way when an operator dropped it.
            places[place].counts.dropped -= 1
            try end(settlement, place, row)
            return
        case .dead, .expired, .dropped:
            return
        }
        // Nothing was tried: the attempt counted with the claim was none.
        let isUnused = settlement.attempt == nil && row.isClaimed
        let attempts = max(0, row.attempts - (isUnused ? 1 : 0))
        try noteFailure(settlement, place)
        switch settlement.outcome {
        case .deferred(let moment):
            try put(
                settlement,
                place,
                .retry,
                due: moment.milliseconds,
                attempts: attempts,
                replay: row.isReplay
            )
        case .held where row.isReplay:
            try put(settlement, place, .retry, due: soon(), attempts: attempts, replay: true)
        case .held:
            try hold(settlement, place, attempts: attempts)
        case .delivered, .expired, .dead:
            try end(settlement, place, row)
        }
    }

    /// An entry with a row comes to its end, and the next of its lane follows.
    private func end(_ settlement: Settlement, _ place: Int, _ row: DeliveryRow) throws {
        places[place].isChanged = true
        switch settlement.outcome {
        case .delivered:
            places[place].counts.delivered += 1
            try removeDelivery(place, settlement.position.value)
            addReceipt(settlement, place)
        case .dead(let reason):
            places[place].counts.dead += 1
            try put(settlement, place, .dead, attempts: row.attempts, reason: reason)
        case .expired:
            places[place].counts.expired += 1
            try put(settlement, place, .expired, attempts: row.attempts)
        case .deferred, .held:
            return
        }
        if !row.isReplay { try promote(place, subject: settlement.subject) }
    }

    /// Makes the first of a lane due, if it is held.
    func promote(_ place: Int, subject: String) throws {
        guard let first = try firstWaiting(place, subject: subject), first.isHeld else { return }
        try setState(place, first.position, .retry, due: soon())
    }

    private func noteFailure(_ settlement: Settlement, _ place: Int) throws {
        guard let attempt = settlement.attempt, settlement.outcome != .delivered else { return }
        let statement = settling.insertAttempt
        statement.bind(1, settlement.position.value)
        statement.bind(2, places[place].id)
        statement.bind(3, Int64(attempt.number))
        statement.bind(4, attempt.time.milliseconds)
        statement.bind(5, Int64(attempt.latency))
        statement.bind(6, attempt.outcome)
        statement.bind(7, attempt.detail)
        statement.bind(8, attempt.status.map(Int64.init))
        try statement.run()
    }

    private func addReceipt(_ settlement: Settlement, _ place: Int) {
        let attempt = settlement.attempt
        places[place].receipts.append(
            Receipt.Entry(
                position: settlement.position.value,
                attempt: attempt?.number ?? 0,
                status: attempt?.status ?? 0,
                ended: attempt.map { $0.time.milliseconds + Int64($0.latency) } ?? Timestamp.now().milliseconds,
                latency: attempt?.latency ?? 0
            )
        )
    }

    /// A moment that is past on the clock of the dispatcher, which need not be the wall clock.
    func soon() -> Int64 {
        min(Timestamp.now().milliseconds, dispatcherTime ?? .max)
    }
}
