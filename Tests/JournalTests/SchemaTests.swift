import GRDB
import Testing

@testable import Journal

@Suite("The tables of the journal")
struct SchemaTests {
    @Test("SQLite takes them")
    func create() throws {
        let queue = try DatabaseQueue()
        try queue.write { try $0.execute(sql: JournalSchema.version1) }
        let tables = try queue.read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
        }
        #expect(tables.contains("event"))
    }
}
