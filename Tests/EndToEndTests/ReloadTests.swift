import Foundation
import HookgateTesting
import Testing

/// A configuration is changed while the gateway runs.
@Suite(.timeLimit(.minutes(5))) struct ReloadTests {
    private func reload(
        _ gateway: GatewayProcess,
        _ arguments: String...,
        environment: [String: String] = [:]
    ) async throws -> Command.Result {
        try await Command.run(
            Command.hookgate,
            ["reload", "--config", gateway.folder.appending(path: "hookgate.yaml").path] + arguments,
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password].merging(environment) { $1 }
        )
    }

    /// Writes another configuration in the place of a gateway's.
    private func change(_ gateway: GatewayProcess, _ change: (String) -> String) throws {
        let file = gateway.folder.appending(path: "hookgate.yaml")
        let before = try String(contentsOf: file, encoding: .utf8)
        let after = change(before)
        try #require(before != after)
        try after.write(to: file, atomically: true, encoding: .utf8)
    }

    @Test(arguments: ["pid_file: run/hookgate.pid", "journal: {path: journal.sqlite}"])
    func `The gateway is found by its files, and says when it has reloaded`(_ extra: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: extra)
        for _ in 0..<3 {
            let result = try await reload(gateway)
            #expect(result.status == 0 && result.output.contains("has reloaded"), "\(result.output)\(result.error)")
        }
        // A configuration that is wrong is not put to it.
        try change(gateway) { $0.replacing("event_loops: 2", with: "event_loops: many") }
        let wrong = try await reload(gateway)
        #expect(wrong.status == 78 && wrong.error.contains("hookgate.yaml:2:14"), "\(wrong.error)")
        #expect(wrong.error.contains("nothing was sent"))
        try change(gateway) { $0.replacing("event_loops: many", with: "event_loops: 2") }
        #expect(!gateway.log.contains("not reloaded"))
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let gone = try await reload(gateway)
        #expect(gone.status == 1 && gone.error.contains("no gateway runs with this configuration"), "\(gone.error)")
    }

    @Test func `What the gateway itself cannot use leaves all as it was, and it says why`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        try change(gateway) { $0.replacing("HOOKGATE_TEST_PASSWORD", with: "ONLY_HERE") }
        let result = try await reload(gateway, environment: ["ONLY_HERE": "another"])
        #expect(result.status == 1 && result.error.contains("has not reloaded"), "\(result.output)\(result.error)")
        #expect(result.error.contains("users[0].password") && result.error.contains("`ONLY_HERE` is not set"))
    }

    @Test func `One gateway runs with a pid file, and one that was killed stands in nobody's way`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        let file = gateway.folder.appending(path: "hookgate.pid")
        let number = try #require(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").first)
        let second = try await Command.run(
            Command.hookgate,
            ["run", "--config", gateway.folder.appending(path: "hookgate.yaml").path],
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
        #expect(second.status == 1 && second.error.contains("is held by process \(number)"), "\(second.error)")
        #expect(try await reload(gateway, "--pid", String(number)).output.contains("has reloaded"))

        gateway.kill()
        _ = await gateway.exitStatus()
        let stale = try await reload(gateway)
        #expect(stale.status == 1 && stale.error.contains("no gateway runs"), "\(stale.error)")
        let next = try await GatewayProcess(restarting: gateway)
        #expect(try await reload(next).status == 0)
        next.terminate()
        #expect(await next.exitStatus() == 0)
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test func `Nobody else is sent a signal`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let unknown = try await reload(gateway)
        #expect(unknown.status == 1 && unknown.error.contains("neither `pid_file` nor `journal`"), "\(unknown.error)")
        let other = try await reload(gateway, "--pid", "\(getpid())")
        #expect(other.status == 1 && other.error.contains("no hookgate; nothing was sent"), "\(other.error)")
        #expect(try await reload(gateway, "--pid", "0").status == 2)
        #expect(try await reload(gateway, "--timeout", "0").status == 2)
    }
}
