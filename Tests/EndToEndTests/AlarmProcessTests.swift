import Foundation
import HookgateTesting
import Testing

/// Alarms of a gateway that runs.
@Suite(.timeLimit(.minutes(5))) struct AlarmProcessTests {
    private func push(_ call: Int, to gateway: GatewayProcess) async throws {
        let body =
            "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=\(call)"
            + "&user%5B%5D=Alice&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0"
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--data", body]
                + ["--user", "sipgate:\(GatewayProcess.password)", gateway.url]
        )
        #expect(result.status == 0, "\(result.error)")
    }

    private func metrics(_ gateway: GatewayProcess) async throws -> String {
        let url = try await gateway.adminURL() + "/metrics"
        return try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url]).output
    }

    private static func extra(_ operators: TestBackend, journal: String) -> String {
        """
          - {name: ops, url: "http://127.0.0.1:\(operators.port)/alarms", types: [call.started]}
        admin: {address: "127.0.0.1:0"}
        alarms: {failing_destination: {lasting: 1s, attempts: 2}, destinations: [ops, backend]}
        \(journal)
        """
    }

    @Test(arguments: ["journal: {path: journal.sqlite}", ""])
    func `A destination that only fails is told to the other one, once, and its return as well, also after a restart`(
        journal: String
    ) async throws {
        let backend = try await TestBackend(.status(503))
        let operators = try await TestBackend()
        var gateway = try await GatewayProcess(
            backend: backend.port,
            destination: "retry: {first_delay: 100ms, max_delay: 200ms}, breaker: {failures: 10000}",
            destinations: AlarmProcessTests.extra(operators, journal: journal)
        )
        for call in 1...3 { try await push(call, to: gateway) }
        let event = try #require(await operators.received(count: 1).first)
        let line = try await gateway.line { $0.contains("every attempt at a destination fails") }
        #expect(line.contains("\"destination\":\"backend\"") && line.contains("\"level\":\"warning\""))
        let alarm = "hookgate_alarm{alarm=\"failing_destination\",destination=\"backend\"}"
        #expect(try await metrics(gateway).contains(alarm + " 1\n"))
        #expect(try await metrics(gateway).contains("hookgate_alarm{alarm=\"silence\",route=\"/hooks/sipgate\"} 0\n"))
        let raised = try event.json()
        #expect(raised["type"] as? String == "net.hookgate.alarm.raised")
        #expect(raised["subject"] as? String == "failing_destination backend")
        let data = try #require(raised["data"] as? [String: Any])
        #expect(data["alarm"] as? String == "failing_destination" && data["destination"] as? String == "backend")

        if !journal.isEmpty {
            gateway.terminate()
            #expect(await gateway.exitStatus() == 0)
            gateway = try await GatewayProcess(restarting: gateway)
        }
        backend.behave(.status(200))
        try await push(4, to: gateway)
        _ = try await gateway.line { $0.contains("a destination takes events again") }
        let all = await operators.received(count: 2)
        #expect(try all.last?.json()["type"] as? String == "net.hookgate.alarm.cleared" && all.count == 2)
        #expect(try await metrics(gateway).contains(alarm + " 0\n"))

        let lines = all.map(\.body)
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/schemas/check.py").standardizedFileURL.path()
        let checked = try await Command.run("python3", [script], input: lines.joined(separator: "\n"))
        #expect(checked.output == "ok\nok\n", "\(checked.output)\(checked.error)")
    }
}
