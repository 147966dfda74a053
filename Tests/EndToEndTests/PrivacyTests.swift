import Foundation
import HookgateTesting
import Testing

/// What of passwords, tokens, telephone numbers and names leaves the gateway otherwise than in its events: nothing.
@Suite(.timeLimit(.minutes(5))) struct PrivacyTests {
    private static let extra = """
        journal: {path: journal.sqlite}
        refusals: {path: refusals.sqlite, max_rate: 1000}
        admin: {address: "127.0.0.1:0"}
        """
    private static let route = """
        decide: {destination: backend, path: /decide, deadline: 20s, fallback: {actions: []}},
          rules: [{name: blocked, callers: ["+49 211 7654321"], callers_file: blocked.txt, actions: [{hangup: {}}]}]
        """
    /// Whatever was sent, or stands in a file, and must not be seen again.
    ///
    /// Numbers stand here without their country.
    private static let secrets = [
        GatewayProcess.password, "wrong horse", "c2lwZ2F0ZTp", "eyJhbGciOi", "hunter2",
        "21112345678", "15791234567", "15111122233", "1702223334", "16033344455", "17155566677", "2117654321",
        "2217654321", "15188899900",
        "211 12345678", "211 7654321", "Alice", "Bob", "Mallory", "Zoe",
    ]

    private struct Answer {
        var status: String
        var body: String
    }

    private func curl(_ arguments: [String], at gateway: GatewayProcess) async throws -> Answer {
        let result = try await Command.run(
            "curl",
            ["--silent", "--max-time", "30", "--cacert", gateway.authority, "--write-out", "\n%{http_code}"]
                + arguments.map { $0.replacing("localhost:8443", with: "localhost:\(gateway.port)") }
        )
        let lines = result.output.components(separatedBy: "\n")
        return Answer(status: lines.last ?? "", body: lines.dropLast().joined(separator: "\n"))
    }

    private func body(_ event: String, call: String, more: String = "") -> String {
        "event=\(event)&callId=\(call)&direction=in&from=4921112345678&to=4915791234567&user%5B%5D=Alice+Example"
            + "&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0" + more
    }

    private func attribute(_ name: String, of answer: Answer) throws -> String {
        let parts = answer.body.components(separatedBy: "\(name)=\"")
        return try #require(parts.count > 1 ? parts[1].components(separatedBy: "\"").first : nil, "\(answer)")
    }

    /// Everything that senders do, right and wrong, with somebody's number or name wherever one fits.
    ///
    /// - Returns: the tokens of the follow-up addresses.
    private func push(to gateway: GatewayProcess, _ backend: TestBackend) async throws -> [String] {
        let user = ["--user", "sipgate:\(GatewayProcess.password)"]
        backend.decide(.content(#"{"actions": [{"dial": {"to": ["+4915111122233"], "callerId": "+491702223334"}}]}"#))
        let reply = try await curl(user + ["--data", body("newCall", call: "1"), gateway.url], at: gateway)
        #expect(reply.status == "200")
        let answered = try attribute("onAnswer", of: reply)
        let ended = try attribute("onHangup", of: reply)
        let answer = "event=answer&callId=1&direction=in&from=4921112345678&to=4915791234567&user=Bob+Example"
        #expect(try await curl(["--data", answer, answered], at: gateway).status == "200")
        // Somebody else's token, and a decision that cannot be read.
        #expect(try await curl(["--data", body("answer", call: "2"), answered], at: gateway).status == "401")
        backend.decide(.content(#"{"actions": [{"dial": {"to": "Zoe +4916033344455"}}]}"#))
        let odd = body("newCall", call: "3", more: "&diversion=4917155566677&newField=Zoe+4917155566677")
        #expect(try await curl(user + ["--data", odd, gateway.url], at: gateway).status == "200")
        // Dead letters, and whatever the backend says about it.
        backend.behave(.status(400))
        let end = "event=hangup&callId=1&direction=in&from=4921112345678&to=4915791234567&cause=normalClearing"
        #expect(try await curl(["--data", end, ended], at: gateway).status == "200")
        _ = try await gateway.line { $0.contains("dead letter") }

        let refused: [(arguments: [String], status: String)] = [
            (["--user", "sipgate:wrong horse", gateway.url], "401"),
            (["--user", "+4915188899900:hunter2", gateway.url], "401"),
            (["--header", "Authorization: Bearer eyJhbGciOi", gateway.url], "401"),
            (user + ["--header", "X-Caller: +4915188899900", "--user-agent", "Mallory", gateway.url], "422"),
            (user + [gateway.url + "?from=%2B4915188899900&password=hunter2"], "422"),
            (user + [gateway.url + "/4915188899900/hunter2"], "422"),
            (user + [gateway.url + "/+49-15188899900"], "404"),
            (user + [gateway.url + "/../0151/88899900/Mallory"], "404"),
            (["https://localhost:8443/0049-15188899900?caller=Mallory"], "404"),
            (user + ["--request", "PUT", gateway.url], "405"),
            (
                user + [
                    "--http1.1", "--request-target", "https://Mallory:hunter2@localhost/4915188899900", gateway.url,
                ], "404"
            ),
        ]
        for (arguments, status) in refused {
            let answer = try await curl(
                ["--path-as-is", "--data", "event=+4915188899900&callId=c1&Mallory=4915188899900"] + arguments,
                at: gateway
            )
            #expect(answer.status == status, "\(arguments)")
            #expect(leaks(in: answer.body).isEmpty, "\(answer.body)")
        }
        for field in [
            "from=Mallory+4915188899900%01", "to=%C3%28Mallory", "callId=4915188899900+Mallory",
            "direction=4915188899900", "Mallory+4915188899900",
        ] {
            let answer = try await curl(user + ["--data", "event=newCall&\(field)", gateway.url], at: gateway)
            #expect(answer.status == "422" || answer.status == "400")
            #expect(leaks(in: answer.body).isEmpty, "\(answer.body)")
        }
        // Over HTTP/2 a method can be any word.
        _ = try await curl(user + ["--http2", "--request", "MALLORY4915188899900", gateway.url], at: gateway)
        return [answered, ended].compactMap { $0.components(separatedBy: "/").last }
    }

    /// What operators see and do, but for the events themselves.
    private func look(at gateway: GatewayProcess) async throws -> String {
        let admin = try await gateway.adminURL()
        var seen = ""
        for path in ["/metrics", "/api/configuration", "/api/destinations", "/readyz", "/4915188899900"] {
            seen += try await curl([admin + path], at: gateway).body
        }
        _ = try await curl([admin + "/api/events?call=4915188899900"], at: gateway)
        _ = try await curl([admin + "/api/events?4915188899900=Mallory"], at: gateway)
        let file = gateway.folder.appending(path: "hookgate.yaml")
        // A list that is wrong: told in the log.
        try "+49 211 7654321\n0221 7654321 Mallory\n"
            .write(to: gateway.folder.appending(path: "blocked.txt"), atomically: true, encoding: .utf8)
        gateway.hangUp()
        _ = try await gateway.line { $0.contains("not reloaded") }
        let environment = ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        let check = ["check", "--config", file.path]
        let wrong = try await Command.run(Command.hookgate, check, environment: environment)
        #expect(wrong.status == 78)
        try "".write(to: gateway.folder.appending(path: "blocked.txt"), atomically: true, encoding: .utf8)
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacing("+49 211 7654321", with: "0211 7654321").write(to: file, atomically: true, encoding: .utf8)
        let alsoWrong = try await Command.run(Command.hookgate, check, environment: environment)
        #expect(alsoWrong.status == 78)
        try text.write(to: file, atomically: true, encoding: .utf8)
        let good = try await Command.run(Command.hookgate, check, environment: environment)
        #expect(good.status == 0)
        for result in [wrong, alsoWrong, good] { seen += result.output + result.error }
        return seen
    }

    /// What is kept of refusals: the bytes of its files, and what is told of them.
    private func refusals(of gateway: GatewayProcess) async throws -> [(name: String, text: String)] {
        let config = gateway.folder.appending(path: "hookgate.yaml").path
        let environment = ["LC_ALL": "C.UTF-8", "HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        var all: [(name: String, text: String)] = []
        for more in [[], ["--json"]] {
            let explain = ["explain", "--config", config, "--last", "100"] + more
            var told = ""
            // The writer's thread comes to the last of them in its time.
            repeat {
                let result = try await Command.run(Command.hookgate, explain, environment: environment)
                told = result.output
            } while !told.contains("method_not_allowed") || !told.contains("control_character")
            all.append(("explain --last \(more)", told))
        }
        for name in ["refusals.sqlite", "refusals.sqlite-wal"] {
            guard let bytes = try? Data(contentsOf: gateway.folder.appending(path: name)) else { continue }
            all.append((name, String(decoding: bytes, as: UTF8.self)))
        }
        #expect(all.contains { $0.text.localizedCaseInsensitiveContains("user-agent: *******") })
        return all
    }

    private func leaks(in text: String, _ tokens: [String] = []) -> [String] {
        // However it is grouped, a number is a number.
        let digits = text.replacing(/(\d)[ \/-](?=\d)/) { "\($0.1)" }
        return (PrivacyTests.secrets + tokens).filter {
            // Ids are capitals and digits, and three of them may happen to be a name.
            if $0.utf8.count <= 3 { return text.contains($0) }
            return text.localizedCaseInsensitiveContains($0) || digits.localizedCaseInsensitiveContains($0)
        }
    }

    @Test(arguments: ["text", "json"])
    func `Nobody's number, name, password or token is in logs, metrics, configuration and checks`(
        format: String
    ) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: PrivacyTests.extra,
            route: PrivacyTests.route,
            files: ["blocked.txt": "+49 211 7654321 # Mallory\n"],
            logging: "{level: trace, format: \(format)}"
        )
        let tokens = try await push(to: gateway, backend)
        let seen = try await look(at: gateway)
        // As it is while the gateway runs, and behind it.
        var kept = try await refusals(of: gateway)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        kept += try await refusals(of: gateway)
        for (name, text) in [("log", gateway.log), ("seen", seen)] + kept {
            let leaks = leaks(in: text, tokens)
            let lines = text.split(separator: "\n").filter { line in leaks.contains { line.contains($0) } }
            #expect(leaks.isEmpty, "\(name): \(leaks): \(lines.joined(separator: "\n"))")
        }
        // It was all there to be seen: the caller has one pseudonym in all lines.
        let masked = gateway.log.matches(of: /from[":=]+(\+49…78~[a-z2-7]{6})/).map { String($0.1) }
        #expect(masked.count >= 3 && Set(masked).count == 1, "\(masked)")
        #expect(gateway.log.contains("A…~") && gateway.log.contains("B…~"))
    }

    @Test func `Without the mask the log says who calls, and still no password`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: PrivacyTests.extra,
            route: PrivacyTests.route,
            files: ["blocked.txt": ""],
            logging: "{level: trace, format: text, mask_personal_data: false}"
        )
        let tokens = try await push(to: gateway, backend)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        #expect(gateway.log.contains("from=4921112345678") && gateway.log.contains("Alice Example"))
        for secret in PrivacyTests.secrets.prefix(5) + tokens { #expect(!gateway.log.contains(secret), "\(secret)") }
    }
}
