import HTTPTypes
import Hummingbird
import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Admin

/// Events as a stream.
@Suite(.timeLimit(.minutes(2))) struct LiveEventsTests {
    /// Reads a stream while `body` runs, and ends it as a client that leaves.
    private func stream(
        _ harness: AdminHarness,
        _ path: String,
        _ headers: [String: String] = [:],
        _ body: (BodyCollector.Text) async throws -> Void
    ) async throws {
        let response = try await harness.response(.get, path, headers)
        #expect(response.status == .ok && response.headers[.contentType] == "text/event-stream; charset=utf-8")
        let collector = BodyCollector()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await response.body.write(collector) }
            try await body(collector.text)
            group.cancelAll()
        }
    }

    @Test func `What is accepted from now on comes, with its position as the id`() async throws {
        let harness = try await AdminHarness()
        try await harness.journal.append([JournalHarness.entry(1)])
        try await stream(harness, "/api/live") { text in
            await text.wait(for: ": 1\n\n")
            try await harness.journal.append([JournalHarness.entry(2)])
            await text.wait(for: "\"number\":2}")
            let all = String(buffer: await text.all)
            #expect(all.contains("event: accepted\nid: 2\ndata: {"))
            #expect(!all.contains("\"number\":1}"))
        }
    }

    @Test func `An interrupted stream goes on where it was, through the filter`() async throws {
        let harness = try await AdminHarness()
        try await harness.journal.append((1...4).map { JournalHarness.entry($0, subject: $0 == 3 ? "a" : "b") })
        try await stream(harness, "/api/live?call=b", ["Last-Event-ID": "1"]) { text in
            await text.wait(for: "\"number\":4}")
            let all = String(buffer: await text.all)
            #expect(all.contains("id: 2\n") && !all.contains("id: 1\n") && !all.contains("id: 3\n"))
        }
    }

    @Test func `There is a bound on streams, and places are given back`() async throws {
        let harness = try await AdminHarness()
        do {
            var held: [Response] = []
            for _ in 0..<LiveEvents.Places.capacity { held.append(try await harness.response(.get, "/api/live", [:])) }
            #expect(held.allSatisfy { $0.status == .ok })
            #expect(try await harness.response(.get, "/api/live", [:]).status == .serviceUnavailable)
        }
        #expect(try await harness.response(.get, "/api/live", [:]).status == .ok)
    }

    @Test func `A slip in the filter is an error`() async throws {
        let harness = try await AdminHarness()
        #expect(try await harness.response(.get, "/api/live?cal=b", [:]).status == .badRequest)
    }
}
