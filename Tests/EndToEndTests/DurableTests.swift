import Foundation
import HookgateTesting
import Testing

private let credentials = "sipgate:\(GatewayProcess.password)"

private func push(_ event: String, call: String) -> String {
    let base = "event=\(event)&direction=in&from=4921112345678&to=4915791234567&callId=\(call)"
    return switch event {
    case "hangup": base + "&cause=normalClearing&answeringNumber=4915791234567"
    case "answer": base + "&user=Alice&userId=w0&fullUserId=1234567w0&answeringNumber=4915791234567"
    default: base + "&user%5B%5D=Alice&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0"
    }
}

/// A gateway with a journal, as its operator sees it.
@Suite(.timeLimit(.minutes(5))) struct DurableTests {
    private static let journal = "journal: {path: journal.sqlite}"

    private func post(_ body: String, to gateway: GatewayProcess) async throws -> String {
        let result = try await Command.run(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--user", credentials,
                "--data", body, "--output", "/dev/null", "--write-out", "%{http_code}", gateway.url,
            ]
        )
        return result.output + result.error
    }

    private func events(_ gateway: GatewayProcess, _ arguments: String...) async throws -> Command.Result {
        try await Command.run(
            Command.hookgate,
            ["events"] + arguments + ["--config", gateway.folder.appending(path: "hookgate.yaml").path]
        )
    }

    private func id(_ request: TestBackend.Received) -> String { request.header("webhook-id") ?? "" }

    @Test func `An accepted event is delivered, and shown as delivered`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: DurableTests.journal)
        #expect(try await post(push("newCall", call: "1"), to: gateway) == "200")
        let event = try #require(await backend.received(count: 1).first)
        let shown = try await settled(gateway) { $0.contains("delivered") }
        #expect(shown.contains(id(event)))
        let story = try await events(gateway, "show", id(event))
        #expect(story.output.contains("backend: delivered, 1 attempt"), "\(story.output)\(story.error)")
        let audit = try await events(gateway, "audit")
        #expect(audit.status == 0 && audit.error == "everything adds up\n", "\(audit.output)")
    }

    @Test func `The reply does not wait for a destination, and what is down gets its events later, in order`()
        async throws
    {
        let backend = try await TestBackend(.status(503))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: DurableTests.journal,
            destination: "retry: {first_delay: 100ms, max_delay: 200ms}"
        )
        #expect(try await post(push("newCall", call: "1"), to: gateway) == "200")
        #expect(try await post(push("hangup", call: "1"), to: gateway) == "200")
        _ = await backend.received(count: 2)
        backend.behave(.status(200))
        _ = try await settled(gateway) { !$0.contains("pending") && !$0.contains("retry") && !$0.contains("held") }
        // The end of the call is told some time after that of its leg.
        let all = try backend.received.filter { try $0.json()["type"] as? String != "io.sipgate.call.completed" }
        let types = try all.map { try $0.json()["type"] as? String }
        let firstHangup = try #require(types.firstIndex(of: "io.sipgate.call.ended"))
        #expect(firstHangup == types.count - 1)
        #expect(Set(all.map(id)).count == 2)
    }

    @Test func `What was acknowledged survives a kill and arrives after the restart`() async throws {
        let backend = try await TestBackend(.hangs)
        let gateway = try await GatewayProcess(backend: backend.port, extra: DurableTests.journal)
        for call in 1...3 { #expect(try await post(push("newCall", call: "\(call)"), to: gateway) == "200") }
        let before = Set(await backend.received(count: 3).map(id))
        gateway.kill()
        _ = await gateway.exitStatus()
        backend.behave(.status(200))
        let again = try await GatewayProcess(restarting: gateway)
        _ = try await settled(again) { !$0.contains("pending") }
        // The same events, with the ids that the backend has seen before.
        #expect(Set(backend.received.map(id)) == before)
        let audit = try await events(again, "audit")
        #expect(audit.status == 0, "\(audit.output)\(audit.error)")
    }

    @Test func `SIGTERM leaves in the journal what cannot be delivered, and ends with 0`() async throws {
        let backend = try await TestBackend(.status(503))
        let gateway = try await GatewayProcess(backend: backend.port, extra: DurableTests.journal)
        #expect(try await post(push("newCall", call: "1"), to: gateway) == "200")
        _ = await backend.received(count: 1)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let list = try await events(gateway, "list", "--state", "pending")
        #expect(list.output.contains("call.started"), "\(list.output)\(list.error)")
    }

    @Test func `A refused event is a dead letter that can be sent again, while the gateway runs and when it does not`()
        async throws
    {
        let backend = try await TestBackend(.status(404))
        let gateway = try await GatewayProcess(backend: backend.port, extra: DurableTests.journal)
        #expect(try await post(push("newCall", call: "1"), to: gateway) == "200")
        let event = try #require(await backend.received(count: 1).first)
        _ = try await settled(gateway) { $0.contains("dead") }
        let story = try await events(gateway, "show", id(event))
        #expect(story.output.contains("refused 404"), "\(story.output)")

        backend.behave(.status(200))
        let retried = try await events(gateway, "retry", "--state", "dead")
        #expect(retried.status == 0, "\(retried.output)\(retried.error)")
        #expect(await backend.received(count: 2).map(id) == [id(event), id(event)])
        _ = try await settled(gateway) { $0.contains("delivered") }

        backend.behave(.status(410))
        #expect(try await post(push("newCall", call: "2"), to: gateway) == "200")
        _ = try await settled(gateway) { $0.contains("dead") }
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let offline = try await events(gateway, "drop", "--state", "dead")
        #expect(offline.status == 0, "\(offline.output)\(offline.error)")
        let dropped = try await events(gateway, "list", "--state", "dropped", "--json")
        #expect(dropped.output.contains("\"subject\":\"2\""), "\(dropped.output)\(dropped.error)")
        let audit = try await events(gateway, "audit", "--json")
        #expect(audit.output.hasPrefix("{\"sound\":true"), "\(audit.output)")
    }

    @Test func `A second process on the same journal is refused in words`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: DurableTests.journal)
        let second = try await Command.run(
            Command.hookgate,
            ["run", "--config", gateway.folder.appending(path: "hookgate.yaml").path],
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
        #expect(second.status == 1)
        #expect(second.error.contains("journal.sqlite"), "\(second.error)")
        #expect(second.error.contains("process"), "\(second.error)")
    }

    /// Asks for the list until it is as wanted.
    ///
    /// The journal notes what became of an event a moment after the destination saw it.
    private func settled(_ gateway: GatewayProcess, _ isSettled: (String) -> Bool) async throws -> String {
        while true {
            let list = try await events(gateway, "list")
            try #require(list.status == 0, "\(list.error)")
            if isSettled(list.output) { return list.output }
        }
    }
}
