import Delivery
import Journal
import NIOCore
import NIOPosix
import Testing
import Webhooks

/// The walk takes any provider: here the one that docs/development.md shows.
@Suite struct ProviderTests {
    private static let path = "/hooks/doorbell"

    @Test func `A push becomes an event in the journal, and its sender hears the provider's reply`() async throws {
        let (reply, events) = try await ProviderTests.post("door=front+gate")
        #expect(reply.status == 204 && reply.body.readableBytes == 0)
        let event = try #require(events.first)
        #expect(events.count == 1)
        #expect(event.draft.type.description == "net.example.doorbell.door.rung")
        #expect(event.draft.subject == "front gate")
        #expect(String(buffer: event.draft.data) == #"{"door":"front gate"}"#)
        #expect(event.source == "https://localhost/hooks/doorbell")
    }

    @Test(arguments: [
        ("", ReasonCode.missingField), ("door=", .missingField), ("window=left", .missingField),
        ("door=a&door=b", .duplicateField), ("door=%zz", .invalidPercentEncoding),
        ("door=" + String(repeating: "a", count: 101), .valueTooLong),
    ])
    func `What the provider rejects is refused with its reason, and not kept`(
        form: String,
        reason: ReasonCode
    ) async throws {
        let (reply, events) = try await ProviderTests.post(form)
        #expect(reply.reason == reason && reply.status == reason.status)
        #expect(events.isEmpty)
    }

    /// Posts to a route of the provider; gives the reply, and what a destination finds in the journal.
    private static func post(_ form: String) async throws -> (Reply, [Event]) {
        let journal = InMemoryJournal(destinations: 1)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let reply = try await loop.flatSubmit {
            let promise = loop.makePromise(of: Reply.self)
            do {
                let pipeline = try PipelineHarness.make(
                    path: path,
                    provider: DoorbellProvider(),
                    journal: journal,
                    destinations: [Destination(name: "log", host: "127.0.0.1", port: 9, target: "/")],
                    on: loop
                )
                PipelineHarness.post(form, to: path, pipeline) { promise.succeed($0) }
            } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }.get()
        let leases = try await journal.read(0, after: .start, limit: 10, on: loop).get()
        return (reply, leases.map(\.entry.event))
    }
}
