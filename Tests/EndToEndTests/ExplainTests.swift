import Foundation
import HookgateTesting
import Testing

/// From a refusal, or from anything else that happened, to its reason: with a gateway that runs and after its end.
@Suite(.timeLimit(.minutes(5))) struct ExplainTests {
    private static let good = "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=call-1"
    private static let bad = "event=newCall&direction=in&from=4921112345678%20&to=4915791234567&callId=call-2"

    private struct Answer {
        let status: String
        let id: String
        let body: String
    }

    private func push(
        _ body: String,
        to gateway: GatewayProcess,
        path: String = "",
        user: String? = "sipgate",
        _ more: String...
    ) async throws -> Answer {
        let credentials = user.map { ["--user", "\($0):\(GatewayProcess.password)"] } ?? []
        let result = try await Command.run(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--data", body,
                "--write-out", "\n%{http_code} %header{x-request-id}", gateway.url + path,
            ] + credentials + more
        )
        let lines = result.output.split(separator: "\n")
        let last = try #require(lines.last?.split(separator: " "), "\(result.error)")
        try #require(last.count == 2, "\(result.output)\(result.error)")
        return Answer(
            status: String(last[0]),
            id: String(last[1]),
            body: lines.dropLast().joined(separator: "\n")
        )
    }

    private func explain(_ gateway: GatewayProcess, _ arguments: String...) async throws -> Command.Result {
        try await Command.run(
            Command.hookgate,
            ["explain", "--config", gateway.folder.appending(path: "hookgate.yaml").path] + arguments,
            environment: ["LC_ALL": "C.UTF-8", "HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
    }

    /// Asks until the writer's thread has come to it.
    private func explained(_ gateway: GatewayProcess, _ id: String) async throws -> String {
        while true {
            let result = try await explain(gateway, id)
            if result.status == 0 { return result.output }
            try #require(
                result.error.contains("nothing is known") || result.error.contains("there is no"),
                "\(result.error)"
            )
        }
    }

    @Test func `A refused push is explained by the id in its reply, down to the byte, and nothing secret is told`()
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "journal: {path: journal.sqlite}")
        let answer = try await push(ExplainTests.bad, to: gateway, "--header", "X-Api-Key: hunter2")
        #expect(answer.status == "422" && answer.body.contains("\"request\":\"\(answer.id)\""))
        let story = try await explained(gateway, answer.id)
        for line in [
            "request \(answer.id), ", ": refused, 422 invalid_number", "✓ TLS", "TLSv1.3, ", "certificate served: CN=",
            "✓ route                  /hooks/sipgate", "✓ credentials            Basic sipgate:(secret)",
            "✗ fields                 invalid_number: ", "field `from`", "byte 45 of the content",
            "there: on=in&from=49*********78%20&to=49*********67&cal\n                                                        ^",
            "x-api-key: (secret)", "What to do: Send",
        ] {
            #expect(story.contains(line), "\(line) is not in:\n\(story)")
        }
        #expect(
            !story.contains("hunter2") && !story.contains(GatewayProcess.password) && !story.contains("4921112345678")
        )
        #expect(!story.contains("✓ account") && !story.contains("✓ kept"))
        // The log has the same word and the same id.
        let line = try await gateway.line { $0.contains(answer.id) }
        #expect(line.contains("\"reason\":\"invalid_number\""))
        // By the call that it was about, as JSON, and in the list.
        let byCall = try await explain(gateway, "call-2", "--json")
        let stories = try #require(try JSONSerialization.jsonObject(with: Data(byCall.output.utf8)) as? [[String: Any]])
        #expect(stories.first?["request"] as? String == answer.id && stories.count == 1)
        #expect(stories.first?["reason"] as? String == "invalid_number")
        let list = try await explain(gateway, "--last", "5", "--reason", "invalid_number", "--since", "1h")
        #expect(list.output.contains(answer.id) && list.output.contains("field `from`, byte 45, call call-2"))
        #expect(try await explain(gateway, "--last", "--client", "192.0.2.1").output == "")
        // Plain text where that is all a terminal shows.
        let plain = try await Command.run(
            Command.hookgate,
            ["explain", "--journal", gateway.folder.appending(path: "journal.sqlite").path, answer.id],
            environment: ["LC_ALL": "C"]
        )
        #expect(plain.output.contains("\nx fields") && plain.output.utf8.allSatisfy { $0 < 0x80 })
    }

    @Test func `An accepted push is told to its end: who brought it, what was decided, answered and delivered`()
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}",
            route:
                "rules: [{name: night, actions: [{play: {url: 'https://a.example/b.wav'}}, {reject: {reason: busy}}]}]"
        )
        let answer = try await push(ExplainTests.good, to: gateway)
        #expect(answer.status == "200")
        _ = await backend.received(count: 2)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let story = try await explained(gateway, answer.id)
        for line in [
            ": accepted, 200", "✓ credentials            password of sipgate", "✓ event                  call.started ",
            "✓ decision               by the rule `night`, after ", "nobody was asked",
            "onAnswer=\"https://localhost:8443/hooks/sipgate/answer/…\"", "<Reject reason=\"busy\"/>",
            "call.started to backend: delivered, 1 attempt", "1. 20", " delivered 200 after ",
        ] {
            #expect(story.contains(line), "\(line) is not in:\n\(story)")
        }
        #expect(!story.contains("x token") && story.contains("TLSv1.3"))
        // The same by its events, and by its call.
        let event = try #require(try backend.received.first?.json()["id"] as? String)
        #expect(try await explain(gateway, event).output == story)
        #expect(try await explain(gateway, "call-1").output == story)
    }

    @Test(arguments: [
        (500, "pending, 1 attempt", "What to do: backend: See what its log says at that time.\n"),
        (
            404, "dead after 1 attempt: refused",
            "What to do: backend: Check the path of its `url`. Then: hookgate events retry"
        ),
        (302, "dead after 1 attempt: refused", "What to do: backend: Enter the address that it redirects to. Then: "),
        (
            401, "dead after 1 attempt: refused",
            "What to do: backend: See that it has the same `signing_secret`, and the"
        ),
    ])
    func `A delivery that fails says what that means and what to do`(
        status: Int,
        state: String,
        remedy: String
    )
        async throws
    {
        let backend = try await TestBackend(.status(status))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}",
            destination: "retry: {first_delay: 1h, max_delay: 1h}"
        )
        let answer = try await push(ExplainTests.good, to: gateway)
        _ = await backend.received(count: 1)
        var story = ""
        // Asks until the settlement is written.
        while !story.contains(state) { story = try await explained(gateway, answer.id) }
        #expect(story.contains("1. 20") && story.contains("refused \(status) after "))
        #expect(story.contains(remedy), "\(remedy) is not in:\n\(story)")
    }

    @Test func `Follow-ups, strangers and bad handshakes are told apart`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "journal: {path: journal.sqlite}")
        let first = try await push(ExplainTests.good, to: gateway)
        let hangup = try #require(first.body.firstMatch(of: /onHangup="[^"]*sipgate(\/hangup\/[^"]*)"/)).1
        let body = "event=hangup&cause=normalClearing&callId=call-1"
        let followUp = try await push(body, to: gateway, path: String(hangup), user: nil)
        #expect(followUp.status == "200")
        #expect(
            try await explained(gateway, followUp.id).contains("✓ credentials            token of a follow-up address")
        )
        let wrong = try await push(body, to: gateway, path: "/hangup/secrettoken", user: nil)
        #expect(wrong.status == "401")
        let unknown = try await push(body, to: gateway, path: "/nowhere?secrettoken", user: nil)
        let story = try await explained(gateway, unknown.id)
        #expect(story.contains("✗ route                  unknown_path: ") && !story.contains("secrettoken"))
        let misspelt = try await Command.run(
            "curl",
            [
                "--silent", "--output", "/dev/null", "--write-out", "%header{x-request-id}", "--cacert",
                gateway.authority, "--data", body, gateway.url.replacing("sipgate", with: "sipgat"),
            ]
        )
        #expect(
            try await explained(gateway, misspelt.output)
                .contains("the routes of the configuration. Routes: did you mean `/hooks/sipgate`?")
        )
        let challenged = try await explained(gateway, wrong.id)
        #expect(
            challenged.contains("? form") && challenged.contains("✗ credentials") && !challenged.contains("secrettoken")
        )
        let plain = try await Command.run(
            "curl",
            ["--silent", "--max-time", "30", "http://localhost:\(gateway.port)/"]
        )
        #expect(plain.output.contains("HTTPS"))
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let list = try await explain(gateway, "--last")
        #expect(list.output.contains("handshake plain_http"))
        let nothing = try await explain(gateway, "000000000000")
        #expect(
            nothing.status == 1 && nothing.error.contains("kept for 3d") && nothing.error.contains("was given out at")
        )
        #expect(try await explain(gateway, "--last", "--reason", "unknown_pat").error.contains("unknown_path"))
    }

    @Test func `Every word in the metrics and the log stands in the list of words`() async throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/reasons.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let known = Set(text.matches(of: /^\| `([a-z0-9_]+)` \|/.anchorsMatchLineEndings()).map { String($0.1) })
        try #require(known.count > 80)
        let backend = try await TestBackend(.status(404))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}\nadmin: {address: \"127.0.0.1:0\"}"
        )
        let admin = try await gateway.adminURL()
        let accepted = try await push(ExplainTests.good, to: gateway)
        #expect(try await push(ExplainTests.bad, to: gateway).status == "422")
        _ = try await gateway.line { $0.contains("event is a dead letter") }
        // What the log says has been settled, and reaches the disk with the next commit.
        var story = ""
        repeat { story = try await explained(gateway, accepted.id) } while !story.contains("✗ delivery")
        #expect(story.contains("backend: dead after 1 attempt: refused") && story.contains(" refused 404 after "))
        let metrics = try await Command.run("curl", ["--silent", "--max-time", "30", admin + "/metrics"]).output
        let labels = metrics.matches(of: /(?:reason|outcome|state)="([^"]*)"/).map { String($0.1) }
        try #require(labels.count > 60)
        #expect(labels.filter { !known.contains($0) } == [])
        let logged = gateway.log.matches(of: /"(?:reason|outcome)":"([a-z_]+)/).map { String($0.1) }
        try #require(logged.contains("invalid_number") && logged.contains("refused"))
        #expect(logged.filter { !known.contains($0) } == [])
    }
}
