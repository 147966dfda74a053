import GRDB

/// How things stand at one destination, as the writer knows it.
struct Place {
    /// The counts of the ledger, pruned entries included, and of these the pruned ones.
    struct Counts: Equatable {
        var accepted: Int64 = 0
        var delivered: Int64 = 0
        var dead: Int64 = 0
        var expired: Int64 = 0
        var dropped: Int64 = 0
        var prunedDelivered: Int64 = 0
        var prunedDead: Int64 = 0
        var prunedExpired: Int64 = 0
        var prunedDropped: Int64 = 0
    }

    /// Its id in the file.
    let id: Int64
    let name: String
    /// The name's part in the checksum of the row.
    private let nameChecksum: Int64
    var line: DestinationLine
    var counts: Counts
    /// The last position that a deliverer was given in line, durably once committed.
    var handed: Int64
    /// What was delivered in the transaction that is open.
    var receipts: [Receipt.Entry] = []
    /// Whether its row has to be written.
    var isChanged = false
    /// The cursor in its row.
    var writtenCursor: Int64

    /// Says what the row holds, so that a damaged one is noticed.
    var checksum: Int64 {
        var checksum = Checksum(id)
        checksum.mix(nameChecksum)
        let numbers = [
            line.cursor, handed, counts.accepted, counts.delivered, counts.dead, counts.expired, counts.dropped,
            counts.prunedDelivered, counts.prunedDead, counts.prunedExpired, counts.prunedDropped,
        ]
        for number in numbers { checksum.mix(number) }
        return checksum.value
    }

    /// One of which nothing is known but its name: receipts say what was delivered.
    init(id: Int64, name: String) {
        self.id = id
        self.name = name
        var checksum = Checksum(0)
        checksum.mix(name)
        nameChecksum = checksum.value
        handed = 0
        counts = Counts()
        writtenCursor = 0
        line = DestinationLine(cursor: 0)
    }

    /// Reads a row, with another name if one is given.
    init(_ row: Row, name: String? = nil) {
        self.init(id: row.value("id"), name: name ?? row.value("name"))
        handed = row.value("handed")
        counts = Counts(
            accepted: row.value("accepted"),
            delivered: row.value("delivered"),
            dead: row.value("dead"),
            expired: row.value("expired"),
            dropped: row.value("dropped"),
            prunedDelivered: row.value("pruned_delivered"),
            prunedDead: row.value("pruned_dead"),
            prunedExpired: row.value("pruned_expired"),
            prunedDropped: row.value("pruned_dropped")
        )
        writtenCursor = row.value("cursor")
        line = DestinationLine(cursor: writtenCursor)
    }

    /// Whether a row says what was written into it.
    static func isIntact(_ row: Row) -> Bool {
        row.value("checksum") == Place(row).checksum
    }

    /// Writes the changed parts of its row.
    static let update = """
        UPDATE destination SET cursor = ?2, handed = ?3, accepted = ?4, delivered = ?5, dead = ?6, expired = ?7,
            dropped = ?8, pruned_delivered = ?9, pruned_dead = ?10, pruned_expired = ?11, pruned_dropped = ?12,
            checksum = ?13
        WHERE id = ?1
        """

    /// Binds what `update` wants.
    func bind(to statement: PreparedStatement) {
        let cursor = line.cursor
        statement.bind(1, id)
        statement.bind(2, cursor)
        statement.bind(3, handed)
        statement.bind(4, counts.accepted)
        statement.bind(5, counts.delivered)
        statement.bind(6, counts.dead)
        statement.bind(7, counts.expired)
        statement.bind(8, counts.dropped)
        statement.bind(9, counts.prunedDelivered)
        statement.bind(10, counts.prunedDead)
        statement.bind(11, counts.prunedExpired)
        statement.bind(12, counts.prunedDropped)
        statement.bind(13, checksum)
    }
}
