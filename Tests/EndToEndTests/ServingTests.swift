import Foundation
import HookgateTesting
import Testing

private let newCall =
    "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=5309&user%5B%5D=Alice&userId%5B%5D=w0"
    + "&fullUserId%5B%5D=1234567w0"

/// The gateway as clients see it: the real binary, real TLS, real sockets.
@Suite(.timeLimit(.minutes(5))) struct ServingTests {
    private func curl(_ gateway: GatewayProcess, _ arguments: String...) async throws -> Command.Result {
        try await Command.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority] + arguments
        )
    }

    private var credentials: String { "sipgate:\(GatewayProcess.password)" }

    @Test(arguments: ["--http1.0", "--http1.1", "--http2"])
    func `A push goes in as a form and comes out as JSON`(version: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let result = try await curl(
            gateway,
            version,
            "--user",
            credentials,
            "--data",
            newCall,
            "--write-out",
            "\n%{http_code} %{content_type}",
            gateway.url
        )
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("<Response onAnswer=\"https://localhost:8443/hooks/sipgate/answer/"))
        #expect(result.output.hasSuffix("\n200 application/xml"))
        let event = try #require(backend.received.first)
        #expect(event.target == "/events")
        #expect(event.header("content-type")?.hasPrefix("application/cloudevents+json") == true)
        let json = try event.json()
        #expect(json["type"] as? String == "io.sipgate.call.started")
        #expect(json["subject"] as? String == "5309")
        #expect(json["id"] as? String == event.header("webhook-id"))
        let data = try #require(json["data"] as? [String: Any])
        #expect((data["from"] as? [String: Any])?["e164"] as? String == "+4921112345678")
        #expect((data["users"] as? [[String: Any]])?.first?["fullId"] as? String == "1234567w0")
    }

    @Test func `A client that posts without credentials first gets through on the same connection`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let script = """
            import http.client, ssl, sys, base64
            context = ssl.create_default_context(cafile=sys.argv[1])
            c = http.client.HTTPSConnection("localhost", int(sys.argv[2]), context=context, timeout=30)
            form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
            c.request("POST", "/hooks/sipgate", sys.argv[3], form)
            first = c.getresponse(); first.read()
            before = c.sock.getsockname()
            form["Authorization"] = "Basic " + base64.b64encode(sys.argv[4].encode()).decode()
            c.request("POST", "/hooks/sipgate", sys.argv[3], form)
            second = c.getresponse(); second.read()
            print(first.status, first.headers["WWW-Authenticate"], second.status, before == c.sock.getsockname())
            """
        let result = try await Command.run(
            "python3",
            ["-c", script, gateway.authority, "\(gateway.port)", newCall, credentials]
        )
        #expect(
            result.output == #"401 Basic realm="hookgate", charset="UTF-8" 200 True"# + "\n",
            "\(result.error)"
        )
        #expect(backend.received.count == 1)
    }

    @Test func `openssl s_client gets through with verification on`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let basic = Data(credentials.utf8).base64EncodedString()
        for version in ["-tls1_2", "-tls1_3"] {
            let result = try await Command.run(
                "openssl",
                [
                    "s_client", version, "-quiet", "-ign_eof", "-verify_return_error", "-CAfile", gateway.authority,
                    "-connect", "localhost:\(gateway.port)", "-servername", "localhost",
                ],
                input: "POST /hooks/sipgate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic \(basic)\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
                    + "Content-Length: \(newCall.utf8.count)\r\n\r\n\(newCall)"
            )
            #expect(result.output.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(version): \(result.error)")
        }
    }

    @Test func `Old versions of TLS are refused`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let result = try await Command.run(
            "openssl",
            ["s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", "localhost:\(gateway.port)"]
        )
        #expect(result.status != 0)
        #expect(result.error.contains("alert protocol version"), "\(result.error)")
    }

    @Test(
        arguments: [
            ([], 401, "credentials_missing"),
            (["--user", "sipgate:wrong"], 401, "credentials_wrong"),
            (["--user", "nobody:wrong"], 401, "credentials_wrong"),
            (["--header", "Authorization: Bearer x"], 401, "credentials_malformed"),
            (["--user", "sipgate:\(GatewayProcess.password)", "--request", "GET"], 405, "method_not_allowed"),
            (
                ["--user", "sipgate:\(GatewayProcess.password)", "--header", "Content-Type: text/plain"], 415,
                "unsupported_media_type"
            ),
            (
                ["--user", "sipgate:\(GatewayProcess.password)", "--header", "Content-Encoding: gzip"], 415,
                "unsupported_content_coding"
            ),
            (["--user", "sipgate:\(GatewayProcess.password)", "--data", "event=newCall"], 422, "missing_field"),
            (["--user", "sipgate:\(GatewayProcess.password)", "--data", "%zz"], 400, "invalid_percent_encoding"),
        ] as [([String], Int, String)]
    )
    func `Every refusal names its reason`(arguments: [String], status: Int, reason: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let data = arguments.contains("--data") ? [] : ["--data", newCall]
        let result = try await Command.run(
            "curl",
            ["--silent", "--cacert", gateway.authority, "--write-out", "\n%{http_code} %{content_type}"]
                + data + arguments + [gateway.url]
        )
        #expect(result.output.hasSuffix("\n\(status) application/problem+json"))
        #expect(result.output.contains("\"reason\":\"\(reason)\""), "\(result.output)")
        #expect(backend.received.isEmpty)
        _ = try await gateway.line { $0.contains(reason) && $0.contains("\(status)") }
    }

    @Test func `A destination that is down means 503 with Retry-After, and never 200`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        try await backend.stop()
        let result = try await curl(gateway, "--include", "--user", credentials, "--data", newCall, gateway.url)
        #expect(result.output.hasPrefix("HTTP/2 503 "))
        #expect(result.output.contains("\r\nretry-after: "))
        #expect(result.output.contains("destination_unavailable"))
    }

    @Test func `A destination that does not answer means 503 within its time-out`() async throws {
        let backend = try await TestBackend(.hangs)
        let gateway = try await GatewayProcess(backend: backend.port, timeout: "300ms")
        let result = try await curl(gateway, "--include", "--user", credentials, "--data", newCall, gateway.url)
        #expect(result.output.hasPrefix("HTTP/2 503 "))
        #expect(result.output.contains("destination_timeout"))
    }

    @Test(arguments: [302, 404, 500]) func `A destination that refuses means 503`(status: Int) async throws {
        let backend = try await TestBackend(.status(status))
        let gateway = try await GatewayProcess(backend: backend.port)
        let result = try await curl(gateway, "--include", "--user", credentials, "--data", newCall, gateway.url)
        #expect(result.output.hasPrefix("HTTP/2 503 "))
        #expect(result.output.contains("destination_refused"))
        #expect(backend.received.count == 1)
    }

    @Test func `Follow-up addresses work without a password, for their event of their call only`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let reply = try await curl(gateway, "--user", credentials, "--data", newCall, gateway.url).output
        let answer = try #require(reply.firstMatch(of: /onAnswer="https:\/\/localhost:8443([^"]+)"/)).1
        let hangup = try #require(reply.firstMatch(of: /onHangup="https:\/\/localhost:8443([^"]+)"/)).1
        let base = "https://localhost:\(gateway.port)"
        func status(_ path: some StringProtocol, _ form: String) async throws -> String {
            try await curl(
                gateway,
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                "--data",
                form,
                base + path
            ).output
        }
        #expect(try await status(answer, "event=answer&callId=5309&user=Alice") == "200")
        #expect(try await status(hangup, "event=hangup&callId=5309&cause=normalClearing") == "200")
        #expect(try await status(answer, "event=answer&callId=5310&user=Alice") == "401")
        #expect(try await status(answer, "event=hangup&callId=5309&cause=busy") == "401")
        #expect(try await status(hangup, "event=answer&callId=5309") == "401")
        #expect(try await status(answer.dropLast() + "!", "event=answer&callId=5309") == "401")
        let types = try backend.received.map { try $0.json()["type"] as? String }
        #expect(types == ["io.sipgate.call.started", "io.sipgate.call.answered", "io.sipgate.call.ended"])
    }

    @Test func `Plain HTTP on the TLS port gets a hint or a closed connection, and the next client is served`()
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let plain = try await Command.run(
            "curl",
            ["--silent", "--include", "--max-time", "30", "http://127.0.0.1:\(gateway.port)/"]
        )
        #expect(plain.output.hasPrefix("HTTP/1.1 400 "))
        let result = try await curl(
            gateway,
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "--user",
            credentials,
            "--data",
            newCall,
            gateway.url
        )
        #expect(result.output == "200")
    }

    @Test func `No log line holds a password, a header or a token`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let reply = try await curl(gateway, "--user", credentials, "--data", newCall, gateway.url + "?secret=tango")
            .output
        let token = try #require(reply.firstMatch(of: /answer\/([^"]+)"/)).1
        _ = try await curl(
            gateway,
            "--data",
            "event=answer&callId=5309",
            "https://localhost:\(gateway.port)/hooks/sipgate/answer/\(token)"
        )
        _ = try await curl(gateway, "--user", "sipgate:uniform-wrong", "--data", newCall, gateway.url)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let log = gateway.log
        #expect(log.contains("credentials_wrong"))
        let basic = Data(credentials.utf8).base64EncodedString()
        for secret in [GatewayProcess.password, basic, "tango", "uniform-wrong", String(token), "4921112345678"] {
            #expect(!log.contains(secret), "\(secret)")
        }
    }

    @Test(arguments: [("--http1.1", "HTTP/1.1 200 OK\r\n"), ("--http2", "HTTP/2 200 \r\n")])
    func `SIGTERM lets begun requests finish, refuses new ones and exits with 0`(
        version: String,
        status: String
    ) async throws {
        let backend = try await TestBackend(.waits)
        let gateway = try await GatewayProcess(backend: backend.port)
        async let begun = curl(
            gateway,
            version,
            "--include",
            "--user",
            credentials,
            "--data",
            newCall,
            gateway.url
        )
        _ = await backend.received(count: 1)
        gateway.terminate()
        _ = try await gateway.line { $0.contains("\"draining\"") }
        let late = try await curl(gateway, "--user", credentials, "--data", newCall, gateway.url)
        #expect(late.status == 7, "a new connection was not refused")
        backend.answerHeld()
        let output = try await begun.output
        #expect(output.hasPrefix(status))
        #expect(output.contains("\r\nConnection: close\r\n") == (version == "--http1.1"))
        #expect(await gateway.exitStatus() == 0)
    }

    @Test func `SIGTERM is heard as soon as somebody can connect`() async throws {
        for _ in 0..<5 {
            let gateway = try await GatewayProcess(backend: 1)
            gateway.terminate()
            #expect(await gateway.exitStatus() == 0)
        }
    }

    @Test func `The simulator plays a call to its end`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let result = try await Command.run(
            Command.hookgate,
            [
                "simulate", "answered", "--ca", gateway.authority, "--connect", "127.0.0.1:\(gateway.port)",
                "--url", "https://sipgate:correct%20horse@localhost:8443/hooks/sipgate", "--patience", "600000",
            ]
        )
        #expect(result.status == 0, "\(result.output)\(result.error)")
        let types = try backend.received.map { try $0.json()["type"] as? String }
        #expect(types == ["io.sipgate.call.started", "io.sipgate.call.answered", "io.sipgate.call.ended"])
    }
}
