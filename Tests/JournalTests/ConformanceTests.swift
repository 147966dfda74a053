import JournalTesting
import Testing

@testable import Journal

@Suite("The embedded journal keeps the promises of every journal")
struct ConformanceTests {
    @Test("A journal", arguments: JournalConformance.cases)
    func conformance(_ promise: JournalConformance) async throws {
        let files = try TemporaryJournal()
        try await promise.run { try await files.open($0).journal }
        #expect(try files.problems() == [])
    }
}
