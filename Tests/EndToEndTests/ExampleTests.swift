import Foundation
import HookgateTesting
import OpenSSL
import Testing

/// The receivers of `docs/examples`, each behind a gateway, as the author of an application runs them.
@Suite(.timeLimit(.minutes(5))) struct ExampleTests {
    /// One of the examples, and what runs it.
    struct Example: Sendable, CustomTestStringConvertible {
        let file: String
        let interpreter: String
        /// What stands between the interpreter and the path of the file.
        var options: [String] = []
        /// Where a port stands behind the file; else it is part of the options.
        var arguments = ["0"]

        var testDescription: String { file }

        /// Whether it can be run here.
        var isHere: Bool {
            (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
                .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(interpreter)") }
        }
    }

    private static let key = Array("0123456789abcdef01234567".utf8)
    private static let secret = "whsec_" + Data(key).base64EncodedString()
    private static let blocked = "4921155667788"
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/examples")

    private static let python = Example(file: "receiver.py", interpreter: "python3")
    private static let node = Example(file: "receiver.mjs", interpreter: "node")
    private static let php = Example(
        file: "receiver.php",
        interpreter: "php",
        options: ["-S", "127.0.0.1:0"],
        arguments: []
    )
    private static let java = Example(file: "Receiver.java", interpreter: "java")

    @Test(.enabled(if: python.isHere, "python3 is not installed"))
    func `The receiver in Python takes, verifies and decides`() async throws { try await examine(ExampleTests.python) }

    @Test(.enabled(if: node.isHere, "node is not installed: apt-get install nodejs"))
    func `The receiver for Node takes, verifies and decides`() async throws { try await examine(ExampleTests.node) }

    @Test(.enabled(if: php.isHere, "php is not installed: apt-get install php-cli"))
    func `The receiver in PHP takes, verifies and decides`() async throws { try await examine(ExampleTests.php) }

    @Test(.enabled(if: java.isHere, "java is not installed: apt-get install openjdk-17-jdk-headless"))
    func `The receiver in Java takes, verifies and decides`() async throws { try await examine(ExampleTests.java) }

    private func examine(_ example: Example) async throws {
        let seen = FileManager.default.temporaryDirectory.appending(path: "hookgate-seen-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: seen) }
        let receiver = try RunningProcess(
            URL(filePath: "/usr/bin/env"),
            [example.interpreter] + example.options + [ExampleTests.folder.appending(path: example.file).path]
                + example.arguments,
            environment: [
                "SIGNING_SECRET": ExampleTests.secret, "BLOCKED": "+49301234567,+\(ExampleTests.blocked)",
                "DIAL": "+4915799912345", "SEEN": seen.path,
            ]
        )
        defer { receiver.kill() }
        let listening = try await receiver.line { $0.contains("http://127.0.0.1:") }
        let port = try #require(listening.firstMatch(of: /http:\/\/127\.0\.0\.1:([1-9][0-9]*)/).flatMap { Int($0.1) })
        let gateway = try await GatewayProcess(
            backend: port,
            extra: "journal: {path: journal.sqlite}",
            destination: "signing_secret: \"${file:secret}\"",
            route: "decide: {destination: backend, path: /decide, deadline: 20s}",
            files: ["secret": ExampleTests.secret]
        )

        // Two calls: one goes where the example wants it, the other is on its list.
        let dialled = try await push("event=newCall&from=4921112345678&to=4915791234567&direction=in&callId=1", gateway)
        #expect(dialled.contains("<Dial><Number>+4915799912345</Number></Dial>"), "\(dialled) \(receiver.output)")
        let refused = try await push(
            "event=newCall&from=\(ExampleTests.blocked)&to=4915791234567&direction=in&callId=2",
            gateway
        )
        #expect(refused.contains("<Reject reason=\"busy\"/>"), "\(refused) \(receiver.output)")
        let hangup = "event=hangup&from=4921112345678&to=4915791234567&direction=in&cause=normalClearing&callId=1"
        #expect(try await push(hangup, gateway).contains("<Response"))
        for words in ["event call.started ", "event call.ended ", "event call.decided "] {
            _ = try await receiver.line { $0.contains(words) }
        }
        _ = try await receiver.line { $0.hasSuffix("from +\(ExampleTests.blocked)") }

        // What did not come from the gateway, or comes again.
        let event = #"{"specversion":"1.0","id":"by-hand","type":"io.sipgate.call.ended","data":{"leg":"9"}}"#
        let now = Int(Date().timeIntervalSince1970)
        #expect(try await post(event, at: now, to: port) == "204")
        _ = try await receiver.line { $0.contains("event call.ended by-hand from unknown") }
        #expect(try await post(event, at: now, to: port) == "204")
        _ = try await receiver.line { $0.contains("duplicate by-hand") }
        #expect(try await post(event.replacing("\"9\"", with: "\"8\""), signed: event, at: now, to: port) == "401")
        _ = try await receiver.line { $0.contains("refused: webhook-signature does not fit") }
        #expect(try await post(event, at: now - 3600, to: port) == "401")
        _ = try await receiver.line { $0.contains("refused: webhook-timestamp is missing or too far") }
        #expect(try await post(event, at: now, to: port, isSigned: false) == "401")
        #expect(receiver.output.components(separatedBy: "event call.ended by-hand").count == 2)
        // Nothing that the gateway sent was refused, and nothing failed.
        #expect(receiver.output.components(separatedBy: "refused: ").count == 4, "\(receiver.output)")
        #expect(!receiver.output.contains("failed: "), "\(receiver.output)")
    }

    /// Pushes to the gateway; gives the reply.
    private func push(_ body: String, _ gateway: GatewayProcess) async throws -> String {
        let result = try await Command.run(
            "curl",
            [
                "--silent", "--show-error", "--fail", "--max-time", "60", "--cacert", gateway.authority,
                "--user", "sipgate:\(GatewayProcess.password)", "--data", body, gateway.url,
            ]
        )
        return result.output + result.error
    }

    /// Posts an event to the example as the gateway would; gives the status.
    private func post(
        _ body: String,
        signed: String? = nil,
        at time: Int,
        to port: Int,
        isSigned: Bool = true
    ) async throws -> String {
        var mac = try MAC(key: ExampleTests.key)
        let code = mac.code(of: Array("by-hand.\(time).\(signed ?? body)".utf8)).bytes
        // The first is of another secret: receivers look at all of them.
        let signature = "v1,AAAA v1," + Data(code.indices.map { code[$0] }).base64EncodedString()
        let headers =
            ["content-type: application/cloudevents+json", "webhook-id: by-hand", "webhook-timestamp: \(time)"]
            + (isSigned ? ["webhook-signature: \(signature)"] : [])
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "60", "--output", "/dev/null", "--write-out", "%{http_code}"]
                + headers.flatMap { ["--header", $0] } + ["--data", body, "http://127.0.0.1:\(port)/events"]
        )
        return result.output + result.error
    }
}
