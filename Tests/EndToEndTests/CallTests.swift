import Foundation
import HookgateTesting
import Testing

private let credentials = "sipgate:\(GatewayProcess.password)"

/// Calls as an operator and a backend see them: decided about, followed, told whole.
@Suite(.timeLimit(.minutes(5))) struct CallTests {
    private static let journal = "journal: {path: journal.sqlite}"
    /// Long, so that a busy machine does not decide; where nobody answers it has to pass.
    private static func decide(within deadline: String = "20s") -> String {
        "decide: {destination: backend, path: /decide, deadline: \(deadline), "
            + "fallback: {actions: [{dial: {to: voicemail}}]}}"
    }

    private struct Answer {
        var status: String
        var body: String
    }

    private func body(_ event: String, call: String, from: String = "4921112345678") -> String {
        let base = "event=\(event)&callId=\(call)"
        let numbers = "&direction=in&from=\(from)&to=4915791234567"
        return switch event {
        case "newCall": base + numbers + "&user%5B%5D=Alice&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0"
        case "answer": base + numbers + "&user=Alice&userId=w0&fullUserId=1234567w0"
        case "dtmf": base + "&dtmf=1"
        default: base + numbers + "&cause=normalClearing"
        }
    }

    private func post(
        _ body: String,
        to gateway: GatewayProcess,
        address: String? = nil,
        isAuthenticated: Bool = true,
        headers: [String] = []
    ) async throws -> Answer {
        let url = (address ?? gateway.url).replacing("localhost:8443", with: "localhost:\(gateway.port)")
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--data", body]
                + (isAuthenticated ? ["--user", credentials] : []) + headers.flatMap { ["--header", $0] }
                + ["--write-out", "\n%{http_code}", url]
        )
        let lines = result.output.components(separatedBy: "\n")
        return Answer(
            status: (lines.last ?? "") + result.error,
            body: lines.dropLast().filter { !$0.hasPrefix("<?xml") }.joined()
        )
    }

    /// What is between the tags of the response, without the addresses.
    private func actions(_ answer: Answer) -> String {
        guard let start = answer.body.firstIndex(of: ">"), !answer.body.hasSuffix("/>") else { return "" }
        return answer.body[answer.body.index(after: start)...].replacingOccurrences(of: "</Response>", with: "")
    }

    private func attribute(_ name: String, of answer: Answer) throws -> String {
        let parts = answer.body.components(separatedBy: "\(name)=\"")
        return try #require(parts.count > 1 ? parts[1].components(separatedBy: "\"").first : nil)
    }

    private func data(_ event: TestBackend.Received) throws -> [String: Any] {
        try event.json()["data"] as? [String: Any] ?? [:]
    }

    private func type(_ event: TestBackend.Received) throws -> String {
        (try event.json()["type"] as? String ?? "").replacing("io.sipgate.", with: "")
    }

    /// Waits for an event of a type.
    private func event(_ type: String, at backend: TestBackend) async throws -> TestBackend.Received {
        var count = 1
        while true {
            let all = await backend.received(count: count)
            if let event = try all.first(where: { try self.type($0) == type }) { return event }
            count = all.count + 1
        }
    }

    @Test func `A destination decides, and the caller hears what it wants`() async throws {
        let backend = try await TestBackend()
        backend.decide(.content(#"{"actions": [{"dial": {"to": ["+4915791234567", "10"], "anonymous": true}}]}"#))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal,
            route: CallTests.decide()
        )
        let answer = try await post(body("newCall", call: "1"), to: gateway)
        #expect(answer.status == "200")
        #expect(
            actions(answer)
                == "<Dial anonymous=\"true\"><Number>+4915791234567</Number><Number>10</Number></Dial>"
        )
        let question = try #require(backend.questions.first)
        #expect(try type(question) == "call.started")
        let started = try await event("call.started", at: backend)
        #expect(question.header("webhook-id") == started.header("webhook-id"))
        let decided = try data(try await event("call.decided", at: backend))
        #expect(decided["by"] as? String == "destination" && decided["problem"] == nil)
        #expect((decided["actions"] as? [Any])?.count == 1)
    }

    @Test(arguments: [
        (TestBackend.Decision.content(#"{"actions": [{"dial": {"to": []}}]}"#), "/actions/0/dial/to"),
        (.content("<html>"), "JSON"),
        (.content(""), "empty"),
        (.silence, "no answer in time"),
    ])
    func `Whoever decides badly or not at all is told so, and the fallback acts`(
        _ decision: TestBackend.Decision,
        _ problem: String
    ) async throws {
        let backend = try await TestBackend()
        backend.decide(decision)
        let isSilent = if case .silence = decision { true } else { false }
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal,
            route: CallTests.decide(within: isSilent ? "500ms" : "20s")
        )
        let answer = try await post(body("newCall", call: "1"), to: gateway)
        #expect(answer.status == "200" && actions(answer) == "<Dial><Voicemail/></Dial>")
        _ = try await event("call.started", at: backend)
        let decided = try data(try await event("call.decided", at: backend))
        #expect(decided["by"] as? String == "fallback")
        #expect((decided["problem"] as? String)?.contains(problem) == true, "\(decided)")
    }

    @Test func `A menu asks again with the keys, at an address that needs no password and works for nothing else`()
        async throws
    {
        let backend = try await TestBackend()
        backend.decide(.content(#"{"actions": [{"gather": {"maxDigits": 1, "timeout": 3000}}]}"#))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal,
            route: CallTests.decide()
        )
        let menu = try await post(body("newCall", call: "1"), to: gateway)
        let address = try attribute("onData", of: menu)
        #expect(actions(menu) == "<Gather onData=\"\(address)\" maxDigits=\"1\" timeout=\"3000\"/>")
        backend.decide(.content(#"{"actions": [{"hangup": {}}]}"#))
        #expect(
            try await post(body("dtmf", call: "2"), to: gateway, address: address, isAuthenticated: false).status
                == "401"
        )
        let answer = try await post(body("dtmf", call: "1"), to: gateway, address: address, isAuthenticated: false)
        #expect(answer.status == "200" && actions(answer) == "<Hangup/>")
        let digits = try data(try await event("call.digits", at: backend))
        #expect(digits["digits"] as? String == "1" && digits["direction"] as? String == "in")
    }

    @Test func `A rule turns a blocked caller away, and SIGHUP reads the list again`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal,
            route: """
                rules: [{name: blocked, callers_file: blocked.txt, actions: [{reject: {reason: busy}}]},
                  {name: withheld, callers: [anonymous], actions: [{dial: {to: voicemail}}]}]
                """,
            files: ["blocked.txt": "# nobody yet\n"]
        )
        #expect(actions(try await post(body("newCall", call: "1"), to: gateway)) == "")
        let withheld = try await post(body("newCall", call: "2", from: "anonymous"), to: gateway)
        #expect(actions(withheld) == "<Dial><Voicemail/></Dial>")
        let list = gateway.folder.appending(path: "blocked.txt")
        try "+49 211 1234*\n".write(to: list, atomically: true, encoding: .utf8)
        gateway.hangUp()
        _ = try await gateway.line { $0.contains("configuration reloaded") }
        let blocked = try await post(body("newCall", call: "3"), to: gateway)
        #expect(actions(blocked) == "<Reject reason=\"busy\"/>")
        #expect(try data(try await event("call.decided", at: backend))["by"] as? String == "rule")

        // A list that cannot be read changes nothing.
        try "0211\n".write(to: list, atomically: true, encoding: .utf8)
        gateway.hangUp()
        let line = try await gateway.line { $0.contains("write the country code") }
        #expect(line.contains("line 1"))
        #expect(actions(try await post(body("newCall", call: "4"), to: gateway)) == "<Reject reason=\"busy\"/>")
    }

    @Test func `A call that a crash cut in two is told as one`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: CallTests.journal)
        for event in ["newCall", "answer"] {
            #expect(try await post(body(event, call: "1"), to: gateway).status == "200")
        }
        gateway.kill()
        _ = await gateway.exitStatus()
        let next = try await GatewayProcess(restarting: gateway)
        #expect(try await post("event=hangup&cause=normalClearing&callId=1", to: next).status == "200")
        let ended = try data(try await event("call.ended", at: backend))
        #expect(ended["direction"] as? String == "in")
        #expect(((ended["users"] as? [[String: Any]])?.first?["name"] as? String) == "Alice")
        let completed = try data(try await event("call.completed", at: backend))
        #expect(completed["outcome"] as? String == "answered", "\(completed)")
        #expect(completed["call"] as? String == "1")
    }

    @Test func `A repeated push is answered as the first was and kept once, also after a restart`() async throws {
        let backend = try await TestBackend()
        backend.decide(.content(#"{"actions": [{"reject": {"reason": "busy"}}]}"#))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal + "\nfollow_up_key: ${file:key}",
            route: CallTests.decide() + ", replay_window: 10m",
            files: ["key": String(repeating: "k", count: 32)]
        )
        let push = body("newCall", call: "1")
        let first = try await post(push, to: gateway)
        #expect(actions(first) == "<Reject reason=\"busy\"/>")
        _ = try await event("call.decided", at: backend)
        backend.decide(.silence)
        #expect(try await post(push, to: gateway).body == first.body)
        gateway.terminate()
        _ = await gateway.exitStatus()
        let next = try await GatewayProcess(restarting: gateway)
        #expect(try await post(push, to: next).body == first.body)
        // Another push is no repetition.
        #expect(try await post(body("answer", call: "1"), to: next).status == "200")
        _ = try await event("call.answered", at: backend)
        #expect(try backend.received.filter { try type($0) == "call.started" }.count == 1)
        #expect(backend.questions.count == 1)
    }

    @Test func `Where signatures are required, only what is signed gets in`() async throws {
        let backend = try await TestBackend()
        let keys = try TemporaryDirectory()
        let (secret, open) = (keys.path + "/key.pem", keys.path + "/public.pem")
        for arguments in [
            ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", secret],
            ["pkey", "-in", secret, "-pubout", "-out", open],
        ] {
            let made = try await Command.run("openssl", arguments)
            try #require(made.status == 0, "\(made.error)")
        }
        let push = body("newCall", call: "1")
        let text = try keys.write(push, to: "push")
        let signed = try await Command.run(
            "sh",
            ["-c", "openssl dgst -sha256 -sign \(secret) \(text) | base64 -w0"]
        )
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal,
            route: "signature: {mode: require, keys: [\(open)]}, account: {id: \"1234567\"}"
        )
        let header = "X-Sipgate-Signature: \(signed.output)"
        let unsigned = try await post(push, to: gateway)
        #expect(unsigned.status == "403" && unsigned.body.contains("signature_missing"))
        let changed = try await post(push + "&x=1", to: gateway, headers: [header])
        #expect(changed.status == "403" && changed.body.contains("signature_wrong"))
        let broken = try await post(push, to: gateway, headers: ["X-Sipgate-Signature: ?"])
        #expect(broken.status == "403" && broken.body.contains("signature_malformed"))
        #expect(try await post(push, to: gateway, headers: [header]).status == "200")
        #expect(try data(try await event("call.started", at: backend))["signature"] as? String == "valid")
    }

    @Test func `The simulator finds nothing wrong with it`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: CallTests.journal)
        let address = gateway.url.replacing("https://", with: "https://sipgate:correct%20horse@")
        let report = try await Command.run(
            Command.hookgate,
            ["simulate", "--report", address, "--ca", gateway.authority, "--patience", "600000"]
        )
        #expect(
            report.status == 0 && report.output.contains("23 good, 0 wrong, 0 unknown"),
            "\(report.output)\(report.error)"
        )
    }

    @Test func `Questions are counted and measured`() async throws {
        let backend = try await TestBackend()
        backend.decide(.content(#"{"actions": []}"#))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: CallTests.journal + "\nadmin: {address: \"127.0.0.1:0\"}",
            route: CallTests.decide()
        )
        let push = "event=newCall&direction=in&from=4921155667788&to=4921199887766&callId="
        #expect(try await post(push + "1", to: gateway).status == "200")
        backend.decide(.content("{}"))
        #expect(try await post(push + "2", to: gateway).status == "200")
        let url = try await gateway.adminURL() + "/metrics"
        let text = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url]).output
        // An answer that is there but makes no sense is an answer: its decision is the one that is replaced.
        for line in [
            "hookgate_decision_duration_seconds_count{route=\"/hooks/sipgate\"} 2",
            "hookgate_decisions_missing_total{route=\"/hooks/sipgate\"} 0",
        ] {
            #expect(text.split(separator: "\n").contains(line[...]), "\(line) is not in:\n\(text)")
        }
    }

    @Test func `A push of another account is refused`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            route: "account: {id: \"7654321\", numbers: [\"+4915791234567\"]}"
        )
        let answer = try await post(body("newCall", call: "1"), to: gateway)
        #expect(answer.status == "403" && answer.body.contains("account_mismatch"))
        #expect(answer.body.contains("fullUserId[]"))
    }

    @Test(arguments: [("token", "403", "200"), ("credentials", "200", "401")])
    func `Follow-ups prove themselves as the route wants it`(
        _ policy: String,
        _ withPassword: String,
        _ withToken: String
    )
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, route: "follow_ups: \(policy)")
        let answer = try await post(body("newCall", call: "1"), to: gateway)
        let address = try attribute("onHangup", of: answer)
        let stolen = String(address.dropLast()) + (address.hasSuffix("A") ? "Q" : "A")
        #expect(try await post(body("hangup", call: "1"), to: gateway, address: stolen).status == withPassword)
        let proven = try await post(body("hangup", call: "1"), to: gateway, address: address, isAuthenticated: false)
        #expect(proven.status == withToken)
    }
}
