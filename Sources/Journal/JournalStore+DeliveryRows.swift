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

    func firstWaiting(_ place: Int, subject: String) throws -> (position: Int64, isHeld: Bool)? {
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

    func put(
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
}
