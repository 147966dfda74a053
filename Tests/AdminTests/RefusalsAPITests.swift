import Foundation
import HookgateTesting
import Journal
import Testing
import Webhooks

@testable import Admin

/// What the API tells of those who were turned away.
struct RefusalsAPITests {
    private func filled() async throws -> AdminHarness {
        let harness = try await AdminHarness()
        let path = harness.directory.path + "/refusals.sqlite"
        let store = RefusalStore(path: path, limits: RefusalLimits()) { _ in }
        for number in 0..<5 {
            var record = RefusalRecord(
                kind: .request,
                id: RequestID(second: 1, number: UInt32(number)),
                time: .now(),
                reason: number < 2 ? "unknown_path" : "invalid_number",
                listener: "0.0.0.0:8443",
                client: "192.0.2.7"
            )
            record.fields = "a: <b>\nc: d"
            record.body = Array("x=1".utf8)
            store.put(record)
        }
        store.add(7, .request, reason: "invalid_number")
        await store.close()
        return harness
    }

    private func refusals(_ answer: AdminHarness.Answer) throws -> [[String: Any]] {
        try #require(try answer.json()["refusals"] as? [[String: Any]], "\(answer.status) \(answer.body)")
    }

    @Test func `Refusals come latest first, in pages, with all that is kept`() async throws {
        let harness = try await filled()
        let first = try await harness.get("/api/refusals?limit=2")
        #expect(try refusals(first).compactMap { $0["position"] as? Int } == [5, 4])
        #expect(try first.json()["before"] as? Int == 4)
        let latest = try #require(try refusals(first).first)
        #expect(latest["more"] as? Int == 7 && latest["header"] as? [String] == ["a: <b>", "c: d"])
        #expect(latest["content"] as? String == "x=1" && latest["listener"] as? String == "0.0.0.0:8443")
        let last = try await harness.get("/api/refusals?limit=3&before=4")
        #expect(try refusals(last).count == 3)
        #expect(try last.json()["before"] == nil)
        #expect(try refusals(await harness.get("/api/refusals?reason=unknown_path")).count == 2)
    }

    @Test(arguments: ["?reson=a", "?limit=0", "?limit=501", "?before=x"])
    func `A slip is an error, never a wider search`(query: String) async throws {
        #expect(try await filled().get("/api/refusals" + query).status == 400)
    }

    @Test func `Before the first refusal there is none, and without a file the answer says why`() async throws {
        #expect(try refusals(await AdminHarness().get("/api/refusals")).isEmpty)
        let answer = try await AdminHarness(hasJournal: false).get("/api/refusals")
        #expect(answer.status == 404 && answer.body.contains("No refusals are kept"))
    }

    @Test func `A story comes as it is told, and what is unknown is not found`() async throws {
        let harness = try await AdminHarness()
        let answer = try await harness.get("/api/requests/known")
        #expect((try answer.json()["stories"] as? [[String: Any]])?.first?["request"] as? String == "known")
        #expect(try await harness.get("/api/requests/other").status == 404)
        #expect(try await harness.get("/api/requests/" + String(repeating: "a", count: 513)).status == 400)
    }
}
