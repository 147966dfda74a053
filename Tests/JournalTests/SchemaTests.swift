import GRDB
import Testing

@testable import Journal

@Suite("The tables of the journal")
struct SchemaTests {
    @Test("SQLite takes them, and the migrations make them in an empty file")
    func create() throws {
        let queue = try DatabaseQueue()
        try JournalSchema.migrator.migrate(queue)
        let tables = try queue.read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        }
        #expect(
            tables == [
                "activity", "attempt", "audience", "delivery", "destination", "event", "grdb_migrations", "kind",
                "receipt",
                "request", "spare",
            ]
        )
    }
}
