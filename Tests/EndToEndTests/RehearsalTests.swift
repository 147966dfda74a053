import Foundation
import HookgateTesting
import Testing

/// `hookgate check --against`: what another configuration would have made of recorded calls.
@Suite(.timeLimit(.minutes(5))) struct RehearsalTests {
    private func push(_ event: String, call: String, from: String, to gateway: GatewayProcess) async throws {
        let body = "event=\(event)&callId=\(call)&direction=in&from=\(from)&to=4915791234567&cause=normalClearing"
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--fail", "--max-time", "30", "--cacert", gateway.authority, "--data", body]
                + ["--user", "sipgate:\(GatewayProcess.password)", gateway.url]
        )
        #expect(result.status == 0, "\(result.error)")
    }

    /// Tries a changed configuration.
    private func check(
        _ gateway: GatewayProcess,
        _ arguments: [String] = [],
        _ change: (inout String) -> Void
    ) async throws -> Command.Result {
        let file = gateway.folder.appending(path: "hookgate.yaml")
        var text = try String(contentsOf: file, encoding: .utf8)
        let before = text
        change(&text)
        let changed = gateway.folder.appending(path: "new.yaml")
        try text.write(to: changed, atomically: true, encoding: .utf8)
        let journal = gateway.folder.appending(path: "journal.sqlite").path
        let result = try await Command.run(
            Command.hookgate,
            ["check", "--config", changed.path, "--against", journal] + arguments,
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
        #expect(text != before || result.status == 0)
        return result
    }

    @Test func `Changed rules, types, routes and expiry are told, and nothing is sent`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}",
            route: "derive: none, rules: [{name: blocked, callers: [\"+49211*\"], actions: [{reject: {reason: busy}}]}]"
        )
        try await push("newCall", call: "1", from: "4921112345678", to: gateway)
        try await push("newCall", call: "2", from: "4930555666777", to: gateway)
        try await push("hangup", call: "2", from: "4930555666777", to: gateway)
        // The record of a decision is not waited for.
        let sent = await backend.received(count: 4).count

        let same = try await check(gateway) { _ in }
        #expect(same.output == "4 events, nothing would be different\n", "\(same)")

        let rule = try await check(gateway) { $0 = $0.replacing("+49211*", with: "+4930*") }
        #expect(rule.status == 1 && rule.output.hasPrefix("4 events, 3 things would be different\n"), "\(rule)")
        #expect(rule.output.contains("the rule `blocked` decided → nobody decides; such as "))
        #expect(rule.output.contains("nobody decided → the rule `blocked` decides; such as "))
        #expect(rule.output.contains("<Reject reason=\"busy\"/></Response>\n       → <Response onAnswer="))

        let renamed = try await check(gateway, ["--json"]) { $0 = $0.replacing("name: blocked", with: "name: refused") }
        let line = try #require(try JSONSerialization.jsonObject(with: Data(renamed.output.utf8)) as? [String: String])
        #expect(line["kind"] == "decision" && line["replyAfter"] == nil && renamed.status == 1)

        let types = try await check(gateway, ["--json", "--since", "1h"]) {
            $0 = $0.replacing("timeout: 5s", with: "timeout: 5s, types: [call.started], expire: {call.started: 1s}")
        }
        #expect(types.output.split(separator: "\n").count == 2)
        #expect(types.output.contains(#""kind":"delivery","before":"to backend","after":"to nobody""#), "\(types)")
        let latest = try await check(gateway, ["--limit", "1"]) {
            $0 = $0.replacing("/hooks/sipgate", with: "/hooks/other")
        }
        #expect(latest.output.hasPrefix("1 events, 1 things would be different\n"), "\(latest)")
        #expect(latest.output.contains("was served → 404") && latest.error.contains("follow-up addresses"))

        let decide = "decide: {destination: backend, path: /decide, fallback: {actions: [{hangup: {}}]}}"
        let asked = try await check(gateway) { $0 = $0.replacing("derive: none", with: "derive: none, " + decide) }
        #expect(asked.error.hasPrefix("backend would be asked 2 times and was not"), "\(asked)")
        #expect(asked.output.contains("nobody decided → backend is asked, else the fallback decides"))

        let wrong = try await check(gateway) { $0 = $0.replacing("durable", with: "durabel") + "nonsense: 1\n" }
        #expect(wrong.status == 78)
        #expect(backend.received.count == sent && backend.questions.isEmpty)
    }
}
