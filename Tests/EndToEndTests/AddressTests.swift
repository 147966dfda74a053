import Foundation
import HookgateTesting
import Testing

/// Whose request it is, and on which addresses it comes.
@Suite(.timeLimit(.minutes(5))) struct AddressTests {
    private static let push = "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=5309"

    /// The reply to a push with these options of curl's, and its status behind it.
    private func push(_ gateway: GatewayProcess, to host: String, _ options: String...) async throws -> String {
        let address = host.contains(":") ? "[\(host)]" : host
        let result = try await Command.run(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--user",
                "sipgate:\(GatewayProcess.password)", "--data", AddressTests.push, "--write-out", "\n%{http_code}",
                "--connect-to", "localhost:\(gateway.port):\(address):\(gateway.port)",
            ] + options + [gateway.url]
        )
        #expect(result.status == 0, "\(result.error)")
        return result.output
    }

    @Test func `A listener on every address serves IPv4 as well, and rules and logs know it as IPv4`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            address: "\"[::]:0\"",
            limits: "{max_connections_per_address: 5}\n    deny: [127.0.0.2]",
            route: "allow: [127.0.0.0/8]"
        )
        #expect(try await push(gateway, to: "127.0.0.1").hasSuffix("200"))
        _ = try await gateway.line { $0.contains("\"client\":\"127.0.0.1\"") && $0.contains("\"status\":200") }
        // By its own address only what is allowed: the route knows nothing of IPv6.
        #expect(try await push(gateway, to: "::1").contains("address_denied"))
        _ = try await gateway.line { $0.contains("\"client\":\"::1\"") && $0.contains("\"status\":403") }
        #expect(!gateway.log.contains("::ffff:"))
        let denied = try await Command.run(
            "curl",
            [
                "--silent", "--max-time", "30", "--insecure", "--interface", "127.0.0.2", "--output", "/dev/null",
                "https://127.0.0.1:\(gateway.port)/",
            ]
        )
        #expect(denied.status == 35 || denied.status == 56, "\(denied.status)")
    }

    @Test func `A listener on one IPv6 address serves that one`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, address: "\"[::1]:0\"")
        #expect(try await push(gateway, to: "::1").hasSuffix("200"))
        let other = try await Command.run(
            "curl",
            ["--silent", "--max-time", "30", "https://127.0.0.1:\(gateway.port)/"]
        )
        #expect(other.status == 7)
    }

    @Test func `Each listener has its own policy`() async throws {
        let backend = try await TestBackend()
        let second = """
            {}
              - address: "[::1]:0"
                tls: {certificates: [{chain: server.pem, key: server.key}], minimum_version: "1.3"}
                limits: {max_body: 1KiB}
                http2: false
            """
        let gateway = try await GatewayProcess(backend: backend.port, limits: second)
        let line = try await gateway.line { $0.contains("\"listening\"") && $0.contains("[::1]") }
        let port = try #require(line.firstMatch(of: /\[::1\]:([0-9]+)/)?.1)
        func get(_ server: String, _ options: [String]) async throws -> Command.Result {
            try await Command.run(
                "curl",
                [
                    "--silent", "--max-time", "30", "--cacert", gateway.authority, "--output", "/dev/null",
                    "--write-out",
                    "%{http_version} %{http_code}",
                ] + options + ["https://\(server)/"]
            )
        }
        let old = ["--tls-max", "1.2"]
        #expect(try await get("127.0.0.1:\(gateway.port)", ["--http2"] + old).output == "2 404")
        #expect(try await get("[::1]:\(port)", old).status == 35)
        #expect(try await get("[::1]:\(port)", ["--http2"]).output == "1.1 404")
        let big = ["--data", String(repeating: "x", count: 2000)]
        #expect(try await get("127.0.0.1:\(gateway.port)", big).output.hasSuffix("404"))
        #expect(try await get("[::1]:\(port)", big).output.hasSuffix("413"))
    }

    @Test(arguments: ["--http1.1", "--http2"])
    func `A listed proxy names the client of each request`(_ version: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            limits: "{}\n    forwarded_from: [127.0.0.1, 10.0.0.0/8]",
            route: "allow: [198.51.100.0/24]"
        )
        func push(_ field: String, from source: String = "127.0.0.1") async throws -> String {
            try await self.push(gateway, to: "127.0.0.1", version, "--interface", source, "--header", field)
        }
        #expect(try await push("X-Forwarded-For: 192.0.2.1, 198.51.100.7, 10.0.0.3").hasSuffix("200"))
        _ = try await gateway.line { $0.contains("\"client\":\"198.51.100.7\"") && $0.contains("\"status\":200") }
        #expect(try await push("X-Forwarded-For: 198.51.100.7, 192.0.2.1").contains("address_denied"))
        _ = try await gateway.line { $0.contains("\"client\":\"192.0.2.1\"") && $0.contains("\"status\":403") }
        // The other field is not believed, and neither is somebody else.
        #expect(try await push("Forwarded: for=198.51.100.7").contains("address_denied"))
        #expect(try await push("X-Forwarded-For: 198.51.100.7", from: "127.0.0.9").contains("address_denied"))
        _ = try await gateway.line { $0.contains("\"client\":\"127.0.0.9\"") && $0.contains("\"status\":403") }
    }

    @Test func `Who guesses passwords through a proxy holds up nobody else behind it`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            limits: "{}\n    forwarded_from: 127.0.0.1\n    forwarded_field: forwarded"
        )
        var last = ""
        for _ in 0..<40 where !last.hasSuffix("429") {
            last = try await push(
                gateway,
                to: "127.0.0.1",
                "--user",
                "sipgate:wrong",
                "--header",
                "Forwarded: for=192.0.2.1"
            )
        }
        #expect(last.hasSuffix("429"), "\(last)")
        #expect(try await push(gateway, to: "127.0.0.1", "--header", "Forwarded: for=192.0.2.2").hasSuffix("200"))
    }
}
