import GRDB
import Webhooks

/// What a few dozen events have in common, by the number under which the file has it.
struct Kind: Sendable {
    let route: String
    let source: String
    let type: EventType
}

/// The rows of `kind`, which grow by a handful in the life of a journal.
struct KindTable {
    private var kinds: [Int64: Kind] = [:]
    /// In the order of their making, to be searched from the front: comparing a text with itself costs next to nothing.
    private var known: [(kind: Kind, id: Int64)] = []

    init(_ database: Database) throws {
        for row in try Row.fetchAll(database, sql: "SELECT id, route, source, namespace, name FROM kind ORDER BY id") {
            let kind = Kind(route: row[1], source: row[2], type: EventType(namespace: row[3], name: row[4]))
            kinds[row[0]] = kind
            known.append((kind, row[0]))
        }
    }

    subscript(id: Int64) -> Kind? { kinds[id] }

    /// The id of an event's kind; a new kind gets its row.
    mutating func id(of entry: NewEntry, _ database: Database) throws -> Int64 {
        let type = entry.event.draft.type
        for (kind, id) in known
        where kind.type.name == type.name && kind.route == entry.route && kind.source == entry.event.source
            && kind.type.namespace == type.namespace
        {
            return id
        }
        try database.execute(
            sql: "INSERT INTO kind (route, source, namespace, name) VALUES (?, ?, ?, ?)",
            arguments: [entry.route, entry.event.source, type.namespace, type.name]
        )
        let id = database.lastInsertedRowID
        let kind = Kind(route: entry.route, source: entry.event.source, type: type)
        kinds[id] = kind
        known.append((kind, id))
        return id
    }
}

/// The rows of `audience`: sets of destinations, by the number under which the file has them.
///
/// A place is an index into the list of destinations that the journal was opened with, followed by those that only the
/// file knows.
struct AudienceTable {
    private var places: [Int64: [Int]] = [:]
    private var ids: [DestinationSet: Int64] = [:]
    private var latest: (set: DestinationSet, id: Int64)?

    /// - Parameters:
    ///   - database: inside an access.
    ///   - place: finds the place of a destination by its id in the file.
    /// - Throws: `DatabaseError`.
    init(_ database: Database, place: (Int64) -> Int?) throws {
        for row in try Row.fetchAll(database, sql: "SELECT id, destinations FROM audience") {
            let members = AudienceTable.members(row[1]).compactMap(place)
            places[row[0]] = members
            if members.allSatisfy({ $0 < DestinationSet.capacity }) { ids[DestinationSet(members)] = row[0] }
        }
    }

    /// The ids in a JSON array of numbers.
    static func members(_ text: String) -> [Int64] {
        text.dropFirst().dropLast().split(separator: ",").compactMap { Int64($0) }
    }

    /// The places of an audience's members; nil when the file does not know it.
    subscript(id: Int64) -> [Int]? { places[id] }

    /// The audience's id; a new one gets its row.
    ///
    /// - Parameters:
    ///   - set: who wants an event.
    ///   - database: inside a transaction.
    ///   - destinations: the durable ids of all places.
    /// - Returns: the row's id.
    /// - Throws: `DatabaseError`.
    mutating func id(of set: DestinationSet, _ database: Database, destinations: [Place]) throws -> Int64 {
        if let latest, latest.set == set { return latest.id }
        let id = try ids[set] ?? make(set, database, destinations)
        latest = (set, id)
        return id
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
        places[id] = members
        ids[set] = id
        return id
    }
}
