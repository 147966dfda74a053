import Foundation
import HookgateTesting
import Testing

/// `hookgate forget`, with a gateway that runs and with one that is stopped.
@Suite(.timeLimit(.minutes(5))) struct ForgetTests {
    private static let number = "4921112345678"

    private func push(_ event: String, call: String, from: String = number, to gateway: GatewayProcess) async throws {
        let body =
            "event=\(event)&callId=\(call)&direction=in&from=\(from)&to=4915791234567&cause=normalClearing"
            + (from == ForgetTests.number ? "&diversion=0211+12345678&callerName=Zoe" : "")
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--fail", "--max-time", "30", "--cacert", gateway.authority, "--data", body]
                + ["--user", "sipgate:\(GatewayProcess.password)", gateway.url]
        )
        #expect(result.status == 0, "\(result.error)")
    }

    private func hookgate(
        _ gateway: GatewayProcess,
        _ arguments: String...,
        input: String = ""
    ) async throws -> Command.Result {
        let configuration = gateway.folder.appending(path: "hookgate.yaml").path
        return try await Command.run(Command.hookgate, arguments + ["--config", configuration], input: input)
    }

    /// In which files of the journal somebody is found.
    private func traces(_ gateway: GatewayProcess) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: gateway.folder.path).filter { name in
            guard name.hasPrefix("journal") else { return false }
            let data = try Data(contentsOf: gateway.folder.appending(path: name))
            return ["1112345678", "11 12345678", "Zoe"].contains { data.range(of: Data($0.utf8)) != nil }
        }
    }

    @Test func `A caller is forgotten while the gateway runs, what waits is told of, and the rest stays`() async throws
    {
        let backend = try await TestBackend(.status(503))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}",
            destination: "types: [call.ended], retry: {first_delay: 1h, max_delay: 1h}",
            route: "derive: none"
        )
        for call in ["1", "2"] { try await push("newCall", call: call, to: gateway) }
        try await push("newCall", call: "3", from: "4930555666777", to: gateway)
        try await push("hangup", call: "1", to: gateway)
        _ = await backend.received(count: 1)
        _ = try await gateway.line { $0.contains("did not take the event") }

        let looked = try await hookgate(gateway, "forget", "--dry-run", "+49 211 12345678")
        #expect(
            looked.status == 0 && looked.output.hasPrefix("1 call.ended\n2 call.started\nno refusals: there is no "),
            "\(looked)"
        )
        #expect(looked.error.hasPrefix("1 event with this number waits"))
        let first = try await hookgate(gateway, "forget", "0049-211-12345678")
        #expect(first.status == 1 && first.output.hasPrefix("2 events erased\n"), "\(first)")
        #expect(first.error.contains(" for backend\nrun this again"))
        let second = try await hookgate(gateway, "forget", "--now", "--json", "-", input: "+4921112345678\n")
        #expect(second.status == 0 && second.output == "{\"events\":1,\"waiting\":0,\"refusals\":null}\n", "\(second)")
        #expect(try traces(gateway) == [])
        let other = try await hookgate(gateway, "events", "list", "--call", "3", "--json")
        #expect(other.output.contains("4930555666777"))
        let erased = try await hookgate(gateway, "events", "list", "--call", "2", "--json")
        #expect(erased.output.contains(#""from":{"kind":"erased","raw":"erased"}"#), "\(erased.output)")
        let audit = try await hookgate(gateway, "events", "audit")
        #expect(audit.status == 0 && audit.error == "everything adds up\n")
    }

    @Test func `What is accepted after a caller was forgotten survives a kill, whoever reads the journal meanwhile`()
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}",
            route: "derive: none"
        )
        try await push("newCall", call: "1", to: gateway)
        _ = await backend.received(count: 1)
        // Until it is noted as delivered, it waits.
        while case let list = try await hookgate(gateway, "events", "list"), list.output.contains("pending") {}
        let forgotten = try await hookgate(gateway, "forget", "+4921112345678")
        #expect(forgotten.status == 0 && forgotten.output.hasPrefix("1 event erased\n"), "\(forgotten)")
        try await push("newCall", call: "2", from: "4930555666777", to: gateway)
        // A command that writes copies the log and removes it if it believes to be the last to have the file open.
        let retried = try await hookgate(gateway, "events", "retry", "--call", "none")
        #expect(retried.status == 0, "\(retried)")
        for call in ["3", "4"] { try await push("newCall", call: call, from: "4930555666777", to: gateway) }
        gateway.kill()
        _ = await gateway.exitStatus()

        let again = try await GatewayProcess(restarting: gateway)
        for call in ["2", "3", "4"] {
            let kept = try await hookgate(again, "events", "list", "--call", call, "--json")
            #expect(kept.output.contains("4930555666777"), "\(call): \(kept)")
        }
        let audit = try await hookgate(again, "events", "audit")
        #expect(audit.status == 0 && audit.error == "everything adds up\n", "\(audit)")
    }

    @Test func `A caller is forgotten when no gateway runs, and a number without its country is refused`() async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "journal: {path: journal.sqlite}")
        try await push("newCall", call: "1", to: gateway)
        _ = await backend.received(count: 1)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        #expect(try traces(gateway) == ["journal.sqlite"])
        let wrong = try await hookgate(gateway, "forget", "0211 12345678")
        #expect(wrong.status == 2 && wrong.error.contains("write the country code"))
        let done = try await hookgate(gateway, "forget", "+4921112345678")
        #expect(done.status == 0 && done.output.hasPrefix("1 event erased\n"), "\(done)")
        #expect(try traces(gateway) == [])
        let again = try await hookgate(gateway, "forget", "+4921112345678")
        #expect(again.status == 0 && again.output.hasPrefix("0 events erased\n"), "\(again)")
    }

    /// Pushes that are refused, and kept.
    private func refuse(_ numbers: [String], at gateway: GatewayProcess) async throws {
        for from in numbers {
            // The direction is none, so that all of it is refused.
            let result = try await Command.run(
                "curl",
                ["--silent", "--max-time", "30", "--cacert", gateway.authority, "--output", "/dev/null"]
                    + ["--data", "event=newCall&callId=1&direction=up&from=\(from)&to=4915791234567"]
                    + ["--user", "sipgate:\(GatewayProcess.password)", gateway.url]
            )
            #expect(result.status == 0, "\(result.error)")
        }
        // Kept in its time.
        while try await listed(gateway) < numbers.count {}
    }

    private func listed(_ gateway: GatewayProcess) async throws -> Int {
        try await hookgate(gateway, "explain", "--last", "20").output.matches(of: /invalid_direction/).count
    }

    @Test func `Refusals are forgotten without a journal, and when it cannot be opened`()
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "refusals: {path: kept.sqlite}",
            route: "durable: false",
            logging: "{level: info, format: json, mask_personal_data: false}"
        )
        let kept = gateway.folder.appending(path: "kept.sqlite").path
        try await refuse(["4921112345678", "4930555666777"], at: gateway)
        let first = try await hookgate(gateway, "forget", "+4921112345678")
        let none = "no events: no file of them is configured\n"
        #expect(first.status == 0 && first.output == none + "1 refusal of \(kept)\n", "\(first)")
        #expect(try await listed(gateway) == 1)

        // What one file is about is nothing to the other.
        let broken = gateway.folder.appending(path: "broken.sqlite").path
        try FileManager.default.createDirectory(atPath: broken, withIntermediateDirectories: false)
        let second = try await Command.run(
            Command.hookgate,
            ["forget", "--journal", broken, "--refusals", kept, "+4930555666777"]
        )
        #expect(second.status == 1 && second.output == "1 refusal of \(kept)\n", "\(second)")
        #expect(second.error.contains("broken.sqlite"), "\(second)")
        #expect(try await listed(gateway) == 0)
        let beside = try await Command.run(Command.hookgate, ["forget", "--journal", broken, "+4930555666777"])
        #expect(
            beside.output == "no refusals: there is no \(gateway.folder.path)/broken-refusals.sqlite\n",
            "\(beside)"
        )
        let missing = try await Command.run(
            Command.hookgate,
            ["forget", "--journal", broken, "--refusals", kept + "x", "+4930555666777"]
        )
        #expect(missing.status == 1 && missing.error.contains("there is no file of refusals"), "\(missing)")
    }

    @Test func `Refusals that were kept without a mask go with the number, while the gateway runs`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}",
            logging: "{level: info, format: json, mask_personal_data: false}"
        )
        let written = [
            "4921112345678", "%2B49+211+12345678", "0211%2F12345678", "%34%39%32%31%31%31%32%33%34%35%36%37%38",
        ]
        try await refuse(written + ["4930555666777"], at: gateway)
        let file = gateway.folder.appending(path: "refusals.sqlite")
        let looked = try await hookgate(gateway, "forget", "--dry-run", "+4921112345678")
        #expect(looked.output == "no event holds this number\n4 refusals of \(file.path)\n", "\(looked)")
        let first = try await hookgate(gateway, "forget", "+4921112345678")
        #expect(first.status == 0 && first.output == "0 events erased\n4 refusals of \(file.path)\n", "\(first)")
        for name in ["refusals.sqlite", "refusals.sqlite-wal"] {
            let bytes = (try? Data(contentsOf: file.deletingLastPathComponent().appending(path: name))) ?? Data()
            for trace in ["12345678", "%34%39%32"] { #expect(bytes.range(of: Data(trace.utf8)) == nil, "\(name)") }
        }
        #expect(try await listed(gateway) == 1)
        let again = try await hookgate(gateway, "forget", "--json", "+4921112345678")
        #expect(again.output == "{\"events\":0,\"waiting\":0,\"refusals\":0}\n")
    }
}
