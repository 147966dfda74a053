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

    @Test(
        "the request comes back for operators, with and without what stands before it, and receivers get none of it",
        arguments: [(nil, nil), (trace, nil), (nil, client), (trace, client)] as [(String?, ClientCertificate?)],
        [.token, .password(user: "sip gate é")] as [RequestOrigin.Proof]
    )
    func request(_ below: (trace: String?, client: ClientCertificate?), _ proof: RequestOrigin.Proof) async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        let handshake = ConnectionOrigin.Handshake(
            version: "TLSv1.3",
            suite: "TLS_AES_256_GCM_SHA384",
            isResumed: false,
            certificate: "9f86d081884c7d65"
        )
        let origin = RequestOrigin(
            id: RequestID(second: 1_795_415_105, number: 7),
            client: "2001:db8::7",
            connection: ConnectionOrigin(listener: "[::]:8443", http: "2", handshake: handshake),
            proof: proof
        )
        let entry = JournalHarness.entry(1, traceParent: below.trace, client: below.client, origin: origin)
        try await harness.append([entry])
        let delivered = try #require(try await harness.read(0).first).entry.event
        #expect(delivered.traceParent == below.trace && delivered.client?.line == below.client?.line)
        try await harness.close()
        let record = try #require(try JournalReader(path: files.path).list(JournalFilter(), limit: 1).first)
        let kept = try #require(record.entry.event.origin)
        #expect(kept.id == origin.id && kept.client == origin.client && kept.proof == proof)
        #expect(kept.connection.listener == "[::]:8443" && kept.connection.http == "2")
        #expect(kept.connection.handshake == handshake)
        #expect(record.entry.event.traceParent == below.trace)
        #expect(record.entry.event.client?.line == below.client?.line)
        #expect(try files.problems() == [])
    }

    @Test("what a trace hands on comes back with it", arguments: [nil, client])
    func traceState(_ client: ClientCertificate?) async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        let context = TraceContext(parent: EventOriginTests.trace, state: "rojo=00f067aa0ba902b7, congo=t61")
        try await harness.append([JournalHarness.entry(1, traceParent: context.text, client: client)])
        let kept = try #require(try await harness.read(0).first).entry.event
        #expect(kept.traceParent == EventOriginTests.trace && kept.trace?.state == context.state)
        #expect(kept.client?.line == client?.line)
        try await harness.close()
        let record = try #require(try JournalReader(path: files.path).list(JournalFilter(), limit: 1).first)
        #expect(record.entry.event.trace == context)
    }

    @Test(
        "a line that is none of a request is nothing",
        arguments: ["", "a b c", "0123456789AB 192.0.2.7 - - - - - - token"]
    )
    func noRequest(_ line: String) {
        #expect(RequestOrigin(line: line[...]) == nil)
    }
}
