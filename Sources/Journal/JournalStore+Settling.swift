import GRDB
import Webhooks

/// The statements for entries that are out of line.
struct SettlingStatements {
    let find: PreparedStatement
    let put: PreparedStatement
    let remove: PreparedStatement
    let insertAttempt: PreparedStatement
    let firstWaiting: PreparedStatement
    let setState: PreparedStatement
    let due: PreparedStatement
    let claim: PreparedStatement

    init(_ database: Database) throws {
        func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(database, sql) }
        find = try prepare(
            "SELECT state, replay, claimed, attempts FROM delivery WHERE destination = ? AND position = ?"
        )
        put = try prepare(
            """
            INSERT OR REPLACE INTO delivery
                (destination, position, subject, state, replay, claimed, due, attempts, changed, reason)
            VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?)
            """
        )
        remove = try prepare("DELETE FROM delivery WHERE destination = ? AND position = ?")
        insertAttempt = try prepare(
            """
            INSERT OR REPLACE INTO attempt (position, destination, number, time, latency, outcome, detail, status)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        firstWaiting = try prepare(
            """
            SELECT position, state FROM delivery INDEXED BY delivery_lane
            WHERE destination = ? AND subject = ? AND state IN ('retry', 'held') AND replay = 0
            ORDER BY position LIMIT 1
            """
        )
        setState = try prepare(
            """
            UPDATE delivery SET state = ?3, claimed = 0, due = ?4, changed = ?5
            WHERE destination = ?1 AND position = ?2
            """
        )
        due = try prepare(
            """
            SELECT position, attempts, replay, subject FROM delivery
            WHERE destination = ? AND state = 'retry' AND due <= ? ORDER BY due, position LIMIT ?
            """
        )
        claim = try prepare(
            """
            UPDATE delivery SET claimed = 1, attempts = attempts + 1, due = ?3
            WHERE destination = ?1 AND position = ?2
            """
        )
    }
}

/// A row of `delivery`, as far as decisions need it.
struct DeliveryRow {
    enum State: String {
        case retry, held, dead, expired, dropped
    }

    var state: State
    var isReplay: Bool
    var isClaimed: Bool
    var attempts: Int64
}

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

    // MARK: Rows

    func delivery(_ place: Int, _ position: Int64) throws -> DeliveryRow? {
        let statement = settling.find
        statement.bind(1, places[place].id)
        statement.bind(2, position)
        guard try statement.next() else { return nil }
        defer { statement.reset() }
        // A word that is none of ours is damage: it counts as waiting, so that nothing is lost.
        return DeliveryRow(
            state: DeliveryRow.State(rawValue: statement.text(0)) ?? .retry,
            isReplay: statement.integer(1) != 0,
            isClaimed: statement.integer(2) != 0,
            attempts: statement.integer(3)
        )
    }

    private func firstWaiting(_ place: Int, subject: String) throws -> (position: Int64, isHeld: Bool)? {
        let statement = settling.firstWaiting
        statement.bind(1, places[place].id)
        statement.bind(2, subject)
        guard try statement.next() else { return nil }
        defer { statement.reset() }
        return (statement.integer(0), statement.text(1) == "held")
    }

    func removeDelivery(_ place: Int, _ position: Int64) throws {
        settling.remove.bind(1, places[place].id)
        settling.remove.bind(2, position)
        try settling.remove.run()
    }

    func setState(_ place: Int, _ position: Int64, _ state: DeliveryRow.State, due: Int64?) throws {
        let statement = settling.setState
        statement.bind(1, places[place].id)
        statement.bind(2, position)
        statement.bind(3, state.rawValue)
        statement.bind(4, due)
        statement.bind(5, Timestamp.now().milliseconds)
        try statement.run()
    }

    private func put(
        _ settlement: Settlement,
        _ place: Int,
        _ state: DeliveryRow.State,
        due: Int64? = nil,
        attempts: Int64? = nil,
        replay: Bool = false,
        reason: String? = nil
    ) throws {
        try putDelivery(
            place,
            settlement.position.value,
            subject: settlement.subject,
            DeliveryRow(
                state: state,
                isReplay: replay,
                isClaimed: false,
                attempts: attempts ?? Int64(settlement.attempt?.number ?? 0)
            ),
            due: due,
            reason: reason ?? settlement.attempt?.outcome
        )
    }

    func putDelivery(
        _ place: Int,
        _ position: Int64,
        subject: String,
        _ row: DeliveryRow,
        due: Int64?,
        reason: String?
    ) throws {
        let statement = settling.put
        statement.bind(1, places[place].id)
        statement.bind(2, position)
        statement.bind(3, subject)
        statement.bind(4, row.state.rawValue)
        statement.bind(5, row.isReplay ? 1 : 0)
        statement.bind(6, due)
        statement.bind(7, row.attempts)
        statement.bind(8, Timestamp.now().milliseconds)
        statement.bind(9, reason)
        try statement.run()
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
