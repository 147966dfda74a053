import Foundation
import HookgateTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct MallocTuningTests {
    @Test func `A gateway keeps more freed memory at hand, as the same process under the same name`() async throws {
        let gateway = try await GatewayProcess(backend: 1)
        let (name, environment) = try process(of: gateway.folder)
        #expect(
            environment.filter { $0.hasPrefix("GLIBC_TUNABLES=") } == ["GLIBC_TUNABLES=glibc.malloc.tcache_count=128"]
        )
        #expect(name == "hookgate")
        // The one that was started: who asks it to end is heard.
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
    }

    @Test(arguments: ["GLIBC_TUNABLES=glibc.malloc.check=0", "LD_PRELOAD=libc.so.6"])
    func `Tunables of the operator's, or a preloaded library, are left as they are`(setting: String) async throws {
        let first = try await GatewayProcess(backend: 1)
        first.terminate()
        _ = await first.exitStatus()
        let (key, value) = (String(setting.prefix { $0 != "=" }), String(setting.drop { $0 != "=" }.dropFirst()))
        let gateway = try RunningProcess(
            Command.hookgate,
            ["run", "--config", first.folder.appending(path: "hookgate.yaml").path],
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password, key: value]
        )
        _ = try await gateway.line { $0.contains("\"listening\"") }
        let (_, environment) = try process(of: first.folder)
        #expect(environment.contains(setting))
        #expect(!environment.contains { $0.contains("tcache_count") })
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
    }

    /// What the system knows of the gateway whose configuration is in a folder.
    private func process(of folder: URL) throws -> (name: String, environment: [String]) {
        let argument = folder.appending(path: "hookgate.yaml").path
        for id in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(id) != nil {
            let place = URL(filePath: "/proc/\(id)")
            guard let words = try? strings(place.appending(path: "cmdline")), words.contains(argument) else { continue }
            let name = try String(contentsOf: place.appending(path: "comm"), encoding: .utf8)
            return (String(name.dropLast()), try strings(place.appending(path: "environ")))
        }
        throw Failure("no process has \(argument) among its arguments")
    }

    private func strings(_ file: URL) throws -> [String] {
        try Data(contentsOf: file).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
