import Foundation
import NIOCore
import Testing

@testable import Webhooks

@Suite("Refusals")
struct RefusalTests {
    @Test("every reason has a reply that says what is wrong and what to do", arguments: ReasonCode.allCases)
    func everyReason(_ reason: ReasonCode) throws {
        let reply = Reply.refusal(reason)
        #expect(reply.status == reason.status)
        #expect(reply.reason == reason)
        #expect(reply.contentType?.description == "application/problem+json")
        let problem = try content(of: reply)
        #expect(problem["type"] as? String == "urn:hookgate:reason:\(reason.rawValue)")
        #expect(problem["reason"] as? String == reason.rawValue)
        #expect(problem["status"] as? Int == reason.status)
        #expect(problem["field"] == nil)
        #expect((problem["title"] as? String)?.hasSuffix(".") == true)
        #expect((problem["detail"] as? String)?.hasSuffix(".") == true)
    }

    @Test("no two reasons have the same title")
    func titles() {
        let titles = Set(ReasonCode.allCases.map { $0.wording.title.description })
        #expect(titles.count == ReasonCode.allCases.count)
    }

    @Test("a rejection names its field, and its own advice comes before the general one")
    func rejection() throws {
        let reply = Reply.refusal(Rejection(.missingField, field: "callId", detail: "Do this."))
        let problem = try content(of: reply)
        #expect(reply.status == 422)
        #expect(problem["field"] as? String == "callId")
        #expect(problem["detail"] as? String == "Do this.")
    }

    @Test(
        "a field name from a stranger is escaped and cut at a character",
        arguments: [
            ("user[]\"\r\n", "user[]\"\r\n"),
            (String(repeating: "a", count: 64), String(repeating: "a", count: 64)),
            (String(repeating: "a", count: 65), String(repeating: "a", count: 64)),
            ("a" + String(repeating: "ä", count: 40), "a" + String(repeating: "ä", count: 31)),
            (String(repeating: "📞", count: 20), String(repeating: "📞", count: 16)),
        ]
    )
    func field(_ sent: String, _ told: String) throws {
        let reply = Reply.refusal(Rejection(.controlCharacter, field: sent))
        #expect(try content(of: reply)["field"] as? String == told)
        #expect(!reply.body.readableBytesView.contains { $0 < 0x20 })
    }

    @Test("each status brings the header fields it needs")
    func headers() {
        #expect(
            fields(.refusal(.credentialsMissing)) == ["WWW-Authenticate: Basic realm=\"hookgate\", charset=\"UTF-8\""]
        )
        #expect(fields(.refusal(.credentialsWrong)) == fields(.refusal(.credentialsMissing)))
        #expect(fields(.refusal(.methodNotAllowed)) == ["Allow: POST"])
        #expect(fields(.refusal(.tooManyFailures, retryAfter: 60)) == ["Retry-After: 60"])
        #expect(fields(.refusal(.destinationTimeout)) == ["Retry-After: 5"])
        #expect(fields(.refusal(.unknownPath)) == [])
    }

    @Test("a connection ends where its framing is in doubt or its rest is not waited for")
    func ends() {
        #expect(Reply.refusal(.bodyTooLarge).closes)
        #expect(Reply.refusal(.ambiguousFraming).closes)
        #expect(Reply.refusal(.headerTimeout).closes)
        #expect(!Reply.refusal(.credentialsMissing).closes)
        #expect(!Reply.refusal(.unknownEvent).closes)
    }

    private func content(of reply: Reply) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(reply.body.readableBytesView)) as? [String: Any])
    }

    private func fields(_ reply: Reply) -> [String] {
        reply.headers.map { "\($0.name): \($0.value)" }
    }
}
