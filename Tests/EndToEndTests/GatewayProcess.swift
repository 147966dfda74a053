import Foundation
import HookgateTesting
import Synchronization

/// A gateway as its users run it: the built binary with a configuration file, on a port that the kernel chose.
final class GatewayProcess: Sendable {
    static let password = "correct horse"
    /// The port it serves on.
    let port: Int
    /// A folder of its own, removed at the end.
    let folder: URL
    /// The file to verify its certificate with.
    var authority: String { folder.appending(path: "ca.pem").path }
    private let process: RunningProcess
    /// The gateway that this one continues, which owns the folder.
    private let first: GatewayProcess?

    /// Starts a gateway and waits until it says that it listens.
    ///
    /// - Parameters:
    ///   - backend: the port of the one destination.
    ///   - address: what it listens on.
    ///   - certificate: further keys of its certificate.
    ///   - tls: further keys of the listener's `tls`.
    ///   - limits: a YAML map of the listener's limits.
    ///   - timeout: of the destination.
    ///   - extra: further lines of configuration.
    ///   - destination: further keys of the destination.
    ///   - destinations: further destinations as a YAML list, and further lines of configuration.
    ///   - route: further keys of the route.
    ///   - files: what else is in the folder, by name.
    ///   - days: how long its certificate is good.
    ///   - logging: a YAML map, as `logging` in the configuration.
    /// - Throws: `Failure` when it does not start.
    init(
        backend: Int,
        address: String = "127.0.0.1:0",
        certificate: String? = nil,
        tls: String? = nil,
        limits: String = "{}",
        timeout: String = "5s",
        extra: String = "",
        destination: String? = nil,
        destinations: String = "",
        route: String? = nil,
        files: [String: String] = [:],
        days: Int = 365,
        logging: String = "{level: debug, format: json}"
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "hookgate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let made = try await Command.run(
            Command.hookgate,
            ["cert", "generate", "--days", "\(days)", "--out", folder.path]
        )
        guard made.status == 0 else { throw Failure("cert generate: \(made.error)") }
        for (name, text) in files {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        let configuration = folder.appending(path: "hookgate.yaml")
        try """
        public_url: https://localhost:8443
        event_loops: 2
        listeners:
          - address: \(address)
            tls: {certificates: [{chain: server.pem, key: server.key\(certificate.map { ", " + $0 } ?? "")}]\(tls.map { ", " + $0 } ?? "")}
            limits: \(limits)
        users:
          - {name: sipgate, password: "${env:HOOKGATE_TEST_PASSWORD}"}
        routes:
          - {path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [backend]\(route.map { ", " + $0 } ?? "")}
        destinations:
          - {name: backend, url: "http://127.0.0.1:\(backend)/events", timeout: \(timeout)\(destination.map { ", " + $0 } ?? "")}
        \(destinations)
        logging: \(logging)
        shutdown_timeout: 20s
        \(extra)
        """.write(to: configuration, atomically: true, encoding: .utf8)
        process = try GatewayProcess.start(in: folder)
        port = try await GatewayProcess.port(of: process)
        first = nil
    }

    /// Starts a gateway again that has ended, with what it left behind.
    init(restarting gateway: GatewayProcess) async throws {
        folder = gateway.folder
        process = try GatewayProcess.start(in: folder)
        port = try await GatewayProcess.port(of: process)
        first = gateway
    }

    private static func start(in folder: URL) throws -> RunningProcess {
        let command = ["run", "--config", folder.appending(path: "hookgate.yaml").path]
        // As operators run it: without privileges, also where the tests have them.
        let bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", Command.hookgate.path]
        return try RunningProcess(
            geteuid() == 0 ? URL(filePath: "/usr/bin/env") : Command.hookgate,
            (geteuid() == 0 ? bare : []) + command,
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
    }

    private static func port(of process: RunningProcess) async throws -> Int {
        let line = try await process.line {
            $0.contains("\"listening\"") || $0.contains("hookgate: listening address=")
        }
        guard let match = line.firstMatch(of: /(?:127\.0\.0\.1|\[::1?\]):([0-9]+)/), let port = Int(match.1) else {
            throw Failure("no port in: \(line)")
        }
        return port
    }

    deinit {
        process.kill()
        if first == nil { try? FileManager.default.removeItem(at: folder) }
    }

    var url: String { "https://localhost:\(port)/hooks/sipgate" }

    /// Everything that was logged so far.
    var log: String { process.output }

    func terminate() { process.terminate() }

    /// SIGHUP: reads its configuration again.
    func hangUp() { process.send(SIGHUP) }

    /// SIGKILL: no chance to do anything more.
    func kill() { process.kill() }

    /// Waits for the end.
    func exitStatus() async -> Int32 { await process.exitStatus() }

    /// Waits for a log line that fits.
    func line(where fits: @escaping @Sendable (String) -> Bool) async throws -> String {
        try await process.line(where: fits)
    }
}

/// Something a test needs has not worked.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A process that runs while a test does, with everything it writes.
final class RunningProcess: Sendable {
    private struct State {
        var output = ""
        var status: Int32?
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
        var ends: [CheckedContinuation<Int32, Never>] = []
    }

    private struct Waiter {
        let fits: @Sendable (String) -> Bool
        let continuation: CheckedContinuation<String, any Error>
    }

    /// How long a line or an end may take on the busiest machine; a process that hangs fails its test instead of stopping it.
    private static let patience = DispatchTimeInterval.seconds(180)

    private let state = Mutex(State())
    private let process: ChildProcess
    /// Standard input, for tests that type.
    let input = Pipe()

    init(_ executable: URL, _ arguments: [String], environment: [String: String] = [:]) throws {
        let pipe = Pipe()
        let process = try ChildProcess(
            executable.path,
            arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            input: .file(input.fileHandleForReading),
            output: .file(pipe.fileHandleForWriting),
            error: .file(pipe.fileHandleForWriting)
        )
        self.process = process
        try input.fileHandleForReading.close()
        try pipe.fileHandleForWriting.close()
        // A thread for each blocking read; the test's own threads stay free.
        Thread.detachNewThread { [self] in
            while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
                received(String(decoding: data, as: UTF8.self))
            }
            ended(process.wait())
        }
    }

    /// Everything it wrote so far, on both streams.
    var output: String { state.withLock { $0.output } }

    /// Waits for a line that fits, among those already written and those to come.
    ///
    /// - Throws: `Failure` with everything it wrote, when it ends without that line or never writes it.
    func line(where fits: @escaping @Sendable (String) -> Bool) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            let number = state.withLock { state -> Int? in
                if let line = RunningProcess.lines(state.output).first(where: fits) {
                    continuation.resume(returning: line)
                } else if state.status != nil {
                    continuation.resume(throwing: Failure("it ended without that line:\n\(state.output)"))
                } else {
                    state.lastWaiter += 1
                    state.waiters[state.lastWaiter] = Waiter(fits: fits, continuation: continuation)
                    return state.lastWaiter
                }
                return nil
            }
            guard let number else { return }
            DispatchQueue.global().asyncAfter(deadline: .now() + RunningProcess.patience) { [weak self] in
                self?.giveUp(number)
            }
        }
    }

    private func giveUp(_ number: Int) {
        state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: number)
            waiter?.continuation.resume(throwing: Failure("it runs and does not write that line:\n\(state.output)"))
        }
    }

    /// Waits for the end; a process that does not come to it is killed, and has the number of that signal.
    func exitStatus() async -> Int32 {
        DispatchQueue.global().asyncAfter(deadline: .now() + RunningProcess.patience) { [weak self] in self?.kill() }
        return await withCheckedContinuation { continuation in
            state.withLock { state in
                if let status = state.status {
                    continuation.resume(returning: status)
                } else {
                    state.ends.append(continuation)
                }
            }
        }
    }

    func terminate() { process.send(SIGTERM) }

    func send(_ signal: Int32) { process.send(signal) }

    func kill() { process.send(SIGKILL) }

    private func received(_ text: String) {
        state.withLock { state in
            state.output += text
            let lines = RunningProcess.lines(state.output)
            for (number, waiter) in state.waiters {
                guard let line = lines.first(where: waiter.fits) else { continue }
                state.waiters[number] = nil
                waiter.continuation.resume(returning: line)
            }
        }
    }

    private func ended(_ status: Int32) {
        state.withLock { state in
            state.status = status
            for waiter in state.waiters.values {
                waiter.continuation.resume(throwing: Failure("it ended without that line:\n\(state.output)"))
            }
            state.waiters = [:]
            for end in state.ends { end.resume(returning: status) }
            state.ends = []
        }
    }

    /// Whole lines only.
    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}
