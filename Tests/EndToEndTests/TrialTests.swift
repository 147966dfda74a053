import Foundation
import HookgateTesting
import Testing

/// Short versions of the trials; the long ones are `make crash-test` and `make power-cut-test`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TrialTests {
    private func trial(_ arguments: String..., name: String = "crash.py") async throws -> Command.Result {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Trials/\(name)")
        return try await Command.run("python3", [script.path] + arguments + [Command.hookgate.path])
    }

    @Test func `Nothing acknowledged is lost when the gateway is killed, again and again`() async throws {
        let result = try await trial("--rounds", "4", "--clients", "4", "--seed", "1")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("\"lost\": 0, "))
    }

    @Test func `No handshake fails and no request is dropped while certificates are renewed`() async throws {
        let result = try await trial("--renewals", "10", "--clients", "4", name: "renewal.py")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(
            result.output.contains("\"failed_handshakes\": 0") && result.output.contains("\"broken_connections\": 0")
        )
    }

    @Test func `No push fails while the gateway is restarted again and again, and a loop that hangs is noticed`()
        async throws
    {
        let result = try await trial("--restarts", "4", "--clients", "4", "--hang", name: "restart.py")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("\"failed\": 0") && result.output.contains("\"lost\": 0"))
    }

    @Test func `Nothing acknowledged is lost when a supervised gateway is killed, and its socket stays open`()
        async throws
    {
        let result = try await trial("--restarts", "4", "--clients", "4", "--kill", name: "restart.py")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("\"lost\": 0"))
    }

    @Test func `Abuse of HTTP/2 ends its connection, and disturbs nobody`() async throws {
        let result = try await trial("--seconds", "0.5", "--connections", "4", name: "http2.py")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("\"problems\": []"))
    }

    @Test func `No caller waits longer for a bad backend than the deadline, and no call is lost to it`() async throws {
        let result = try await trial("--calls", "96", "--clients", "8", "--deadline", "1000", name: "decide.py")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("\"arrived\": 96, \"decided\": 96"))
    }

    @Test func `Ten broken set-ups say what is wrong, where, and what to do instead`() async throws {
        let result = try await trial(name: "setups.py")
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("\"setups\": 10") && result.output.contains("\"problems\": []"))
    }

    @Test func `Nothing acknowledged is lost when the power is cut, and a disk that lies is found out`() async throws {
        let honest = try await trial("--power-cut", "--rounds", "3", "--clients", "4", "--seed", "2")
        #expect(honest.status == 0, "\(honest.output)\(honest.error)")
        let lying = try await trial("--power-cut", "--lie", "--rounds", "3", "--clients", "4", "--seed", "2")
        #expect(lying.status == 0 && !lying.output.contains("\"lost\": 0, "), "\(lying.output)\(lying.error)")
    }
}
