import GRDB
import Webhooks

/// What a few dozen events have in common, by the number under which the file has it.
struct Kind: Sendable, Equatable {
    let route: String
    let source: String
    let type: EventType
    /// Goes into the checksum of every event of this kind, so that a damaged row here is noticed there.
    let checksum: Int64

    init(route: String, source: String, type: EventType) {
        self.route = route
        self.source = source
        self.type = type
        var checksum = Checksum(0)
        for text in [route, source, type.namespace, type.name] { checksum.mix(text) }
        self.checksum = checksum.value
    }
}

/// The rows of `kind`, which grow by a handful in the life of a journal.
struct KindTable {
    private var kinds: [Int64: Kind] = [:]
    /// In the order of their making, to be searched from the front: comparing a text with itself costs next to nothing.
    private var known: [(kind: Kind, id: Int64)] = []

    init(_ database: Database) throws {
        for row in try Row.fetchAll(database, sql: "SELECT id, route, source, namespace, name FROM kind ORDER BY id") {
            let kind = Kind(
                route: row.value(1),
                source: row.value(2),
                type: EventType(namespace: row.value(3), name: row.value(4))
            )
            kinds[row.value(0)] = kind
            known.append((kind, row.value(0)))
        }
    }

    subscript(id: Int64) -> Kind? { kinds[id] }

    /// An event's kind and its id; a new kind gets its row.
    mutating func find(_ entry: NewEntry, _ database: Database) throws -> (id: Int64, checksum: Int64) {
        let type = entry.event.draft.type
        for (kind, id) in known
        where kind.type.name == type.name && kind.route == entry.route && kind.source == entry.event.source
            && kind.type.namespace == type.namespace
        {
            return (id, kind.checksum)
        }
        try database.execute(
            sql: "INSERT INTO kind (route, source, namespace, name) VALUES (?, ?, ?, ?)",
            arguments: [entry.route, entry.event.source, type.namespace, type.name]
        )
        let id = database.lastInsertedRowID
        let kind = Kind(route: entry.route, source: entry.event.source, type: type)
        kinds[id] = kind
        known.append((kind, id))
        return (id, kind.checksum)
    }
}

/// The rows of `audience`: sets of destinations, by the number under which the file has them.
///
/// A place is an index into the list of destinations that the journal was opened with, followed by those that only the
/// file knows.
struct AudienceTable {
    private struct Audience {
        let places: [Int]
        /// Goes into the checksum of every event of this audience.
        let checksum: Int64
    }

    private var audiences: [Int64: Audience] = [:]
    private var ids: [DestinationSet: Int64] = [:]
    private var latest: (set: DestinationSet, id: Int64, checksum: Int64)?

    /// - Parameters:
    ///   - database: inside an access.
    ///   - place: finds the place of a destination by its id in the file.
    /// - Throws: `DatabaseError`.
    init(_ database: Database, place: (Int64) -> Int?) throws {
        for row in try Row.fetchAll(database, sql: "SELECT id, destinations FROM audience") {
            let text: String = row.value(1)
            let members = AudienceTable.members(text).compactMap(place)
            audiences[row.value(0)] = Audience(places: members, checksum: AudienceTable.checksum(text))
            if members.allSatisfy({ $0 < DestinationSet.capacity }) { ids[DestinationSet(members)] = row.value(0) }
        }
    }

    /// The ids in a JSON array of numbers.
    static func members(_ text: String) -> [Int64] {
        text.dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    }

    /// The places of an audience's members; nil when the file does not know it.
    subscript(id: Int64) -> [Int]? { audiences[id]?.places }

    /// What goes into the checksum of an audience's events; nil when the file does not know it.
    func checksum(of id: Int64) -> Int64? { audiences[id]?.checksum }

    static func checksum(_ text: String) -> Int64 {
        var checksum = Checksum(1)
        checksum.mix(text)
        return checksum.value
    }

    /// The audience's id and checksum; a new one gets its row.
    ///
    /// - Parameters:
    ///   - set: who wants an event.
    ///   - database: inside a transaction.
    ///   - destinations: the durable ids of all places.
    /// - Returns: what goes into the row of an event.
    /// - Throws: `DatabaseError`.
    mutating func find(
        _ set: DestinationSet,
        _ database: Database,
        destinations: [Place]
    ) throws -> (id: Int64, checksum: Int64) {
        if let latest, latest.set == set { return (latest.id, latest.checksum) }
        let id = try ids[set] ?? make(set, database, destinations)
        let checksum = audiences[id]?.checksum ?? 0
        latest = (set, id, checksum)
        return (id, checksum)
    }

    private mutating func make(
        _ set: DestinationSet,
        _ database: Database,
        _ destinations: [Place]
    ) throws -> Int64 {
        let members = destinations.indices.prefix(DestinationSet.capacity).filter(set.contains)
        let text = "[" + members.map { destinations[$0].id }.sorted().map(String.init).joined(separator: ",") + "]"
        try database.execute(sql: "INSERT INTO audience (destinations) VALUES (?)", arguments: [text])
        let id = database.lastInsertedRowID
        audiences[id] = Audience(places: members, checksum: AudienceTable.checksum(text))
        ids[set] = id
        return id
    }
}
