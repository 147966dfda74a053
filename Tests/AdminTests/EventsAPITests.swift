import Foundation
import HTTPTypes
import HookgateTesting
import Journal
import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Admin

/// What the API tells of events, and does with them.
struct EventsAPITests {
    /// Five events of two calls: delivered, dead, dead, pending, and one that nobody wanted.
    private func filled() async throws -> AdminHarness {
        let harness = try await AdminHarness(destinations: ["crm", "log"])
        func data(_ call: String, _ number: String) -> ByteBuffer {
            ByteBuffer(string: #"{"leg":"\#(call)","call":"\#(call)","from":{"e164":"+\#(number)"}}"#)
        }
        let data1 = data("one", "4921112345")
        let data2 = data("two", "4915799999")
        try await harness.journal.append([
            JournalHarness.entry(1, subject: "one", data: data1), JournalHarness.entry(2, subject: "one", data: data1),
            JournalHarness.entry(3, subject: "two", data: data2), JournalHarness.entry(4, subject: "two", data: data2),
            JournalHarness.entry(5, subject: "two", to: [], data: data2),
        ])
        let leases = try await harness.journal.read(0)
        harness.journal.settle(leases[0], .delivered)
        harness.journal.settle(leases[1], .dead(reason: "refused"))
        harness.journal.settle(leases[2], .dead(reason: "refused"))
        _ = try await harness.journal.read(0, after: 1000)
        return harness
    }

    private func events(_ answer: AdminHarness.Answer) throws -> [[String: Any]] {
        try #require(try answer.json()["events"] as? [[String: Any]], "\(answer.status) \(answer.body)")
    }

    private func positions(_ harness: AdminHarness, _ query: String) async throws -> [Int] {
        try await events(harness.get("/api/events" + query)).compactMap { $0["position"] as? Int }
    }

    @Test func `Events come latest first, in pages`() async throws {
        let harness = try await filled()
        let first = try await harness.get("/api/events?limit=2")
        #expect(try events(first).compactMap { $0["position"] as? Int } == [5, 4])
        #expect(try first.json()["before"] as? Int == 4)
        let last = try await harness.get("/api/events?limit=3&before=4")
        #expect(try events(last).compactMap { $0["position"] as? Int } == [3, 2, 1])
        #expect(try last.json()["before"] == nil)
    }

    @Test(arguments: [
        ("?state=dead", [3, 2]), ("?state=dead&call=one", [2]), ("?number=%2B49%20211%2012345", [2, 1]),
        ("?number=15799999&state=pending", [4]), ("?state=", [5, 4, 3, 2, 1]), ("?number=000000", []),
    ])
    func `Filters narrow it down`(query: String, expected: [Int]) async throws {
        #expect(try await positions(filled(), query) == expected)
    }

    @Test(arguments: [
        "?stat=dead", "?limit=0", "?limit=501", "?limit=x", "?state=dead&state=dead", "?number=12", "?before=0",
    ])
    func `A slip in a query is an error, never a wider search`(query: String) async throws {
        let answer = try await AdminHarness().get("/api/events" + query)
        #expect(answer.status == 400 && answer.headers[.contentType] == "application/problem+json", "\(answer.body)")
    }

    @Test func `One event comes with its attempts`() async throws {
        let harness = try await filled()
        let id = try #require(try await events(harness.get("/api/events?state=delivered"))[0]["id"] as? String)
        let event = try await harness.get("/api/events/\(id)").json()
        let deliveries = try #require(event["deliveries"] as? [[String: Any]])
        let history = try #require(deliveries[0]["history"] as? [[String: Any]])
        #expect(history.count == 1 && history[0]["outcome"] as? String == "delivered")
        #expect(try await harness.get("/api/events/019ab0f1-6f2c-7d3e-9a51-0c7be1c4f7aa").status == 404)
        #expect(try await harness.get("/api/events/x").status == 400)
    }

    @Test func `A call is all its events, in order`() async throws {
        let harness = try await filled()
        let call = try await events(harness.get("/api/calls/two"))
        #expect(call.compactMap { $0["position"] as? Int } == [3, 4, 5])
        #expect(try await events(harness.get("/api/calls/tw")).isEmpty)
        #expect(try await harness.get("/api/calls/tw%22o").status == 400)
    }

    @Test func `A dead letter is sent again, with progress to the end`() async throws {
        let harness = try await filled()
        #expect(try await changed(harness, #"{"action":"retry","filter":{"state":"dead","call":"one"}}"#) == 1)
        #expect(try await positions(harness, "?state=dead") == [3])
        #expect(try await changed(harness, #"{"action":"drop","filter":{"state":"dead"}}"#) == 1)
        #expect(try await positions(harness, "?state=dead") == [])
        #expect(try await positions(harness, "?state=dropped") == [3])
    }

    private func changed(_ harness: AdminHarness, _ body: String) async throws -> Int {
        let begun = try await harness.change(body)
        try #require(begun.status == 202, "\(begun.body)")
        let path = try #require(try begun.json()["progress"] as? String)
        #expect(begun.headers[.location] == path)
        while true {
            let progress = try await harness.get(path).json()
            if progress["finished"] as? Bool == true {
                #expect(progress["percent"] as? Int == 100 && progress["problem"] == nil)
                return try #require(progress["done"] as? Int)
            }
        }
    }

    @Test(arguments: [
        ("", 400), ("[]", 400), (#"{"action":"delete","all":true}"#, 400), (#"{"action":"drop"}"#, 422),
        (#"{"action":"drop","filter":{}}"#, 422), (#"{"action":"drop","filters":{"state":"dead"}}"#, 400),
        (#"{"action":"drop","filter":{"stat":"dead"}}"#, 400), (#"{"action":"drop","filter":{"state":1}}"#, 400),
        (#"{"action":"drop","filter":{"number":"4921112345"}}"#, 422), (#"{"action":"drop","all":"yes"}"#, 400),
    ])
    func `An order that is not clear changes nothing`(body: String, status: Int) async throws {
        let harness = try await filled()
        let answer = try await harness.change(body)
        #expect(answer.status == status, "\(answer.body)")
        #expect(try await positions(harness, "?state=dropped") == [])
    }

    @Test func `An order has to be JSON, and short`() async throws {
        let harness = try await filled()
        let body = #"{"action":"drop","all":true}"#
        #expect(try await harness.change(body, ["Content-Type": "text/plain"]).status == 415)
        #expect(try await harness.change(body + String(repeating: " ", count: 20_000)).status == 413)
        #expect(try await harness.get("/api/changes/1").status == 404)
    }

    @Test func `Destinations show what waits and what is dead`() async throws {
        let destinations = try await filled().get("/api/destinations").json()["destinations"] as? [[String: Any]]
        let crm = try #require(destinations?.first)
        let events = try #require(crm["events"] as? [String: Int])
        #expect(crm["name"] as? String == "crm" && crm["oldest_pending_ms"] != nil)
        #expect(events == ["accepted": 4, "delivered": 1, "pending": 1, "dead": 2, "expired": 0, "dropped": 0])
    }

    @Test func `A journal that cannot be read is an answer`() async throws {
        let harness = try await AdminHarness()
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: harness.directory.path + "/journal.sqlite" + suffix)
        }
        for path in ["/api/events", "/api/calls/one", "/api/destinations"] {
            let answer = try await harness.get(path)
            #expect(answer.status == 503 && answer.headers[.contentType] == "application/problem+json", "\(answer)")
            #expect(!answer.body.contains(harness.directory.path), "\(answer.body)")
        }
        #expect(try await harness.change(#"{"action":"retry","all":true}"#).status == 503)
    }

    @Test func `The end of a change can be looked at again`() async throws {
        let harness = try await filled()
        let body = #"{"action":"retry","filter":{"state":"dead"}}"#
        #expect(try await changed(harness, body) == 2)
        #expect(try await harness.get("/api/changes/1").json()["done"] as? Int == 2)
    }

    @Test func `Without a journal there are no events, but everything else`() async throws {
        let harness = try await AdminHarness(hasJournal: false)
        #expect(try await harness.get("/api/events").status == 404)
        #expect(try await harness.get("/api/live").status == 404)
        #expect(try await harness.get("/api/destinations").status == 200)
        #expect(try await harness.get("/").status == 200)
    }
}
