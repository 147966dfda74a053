import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Journal

@Suite("Where an event came from is kept with it")
struct EventOriginTests {
    private static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private static let client = ClientCertificate(subject: "CN=a proxy,O=Example", fingerprint: "9f86d0")

    @Test(
        "trace and client come back from the file, together and alone",
        arguments: [(nil, nil), (trace, nil), (nil, client), (trace, client)] as [(String?, ClientCertificate?)]
    )
    func roundTrip(trace: String?, client: ClientCertificate?) async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        let entry = JournalHarness.entry(1, traceParent: trace, client: client)
        try await harness.append([entry])
        let kept = try #require(try await harness.read(0).first).entry.event
        #expect(kept.traceParent == trace && kept.client?.line == client?.line)
        try await harness.close()
        var replayed: [Event] = []
        try JournalReader(path: files.path).replay(last: 10, since: Timestamp(milliseconds: 0)) { event, _ in
            replayed.append(event)
        }
        #expect(replayed.map(\.traceParent) == [trace] && replayed.map(\.client?.line) == [client?.line])
        #expect(replayed.first?.client?.subject == client?.subject)
        #expect(try files.problems() == [])
    }
}
