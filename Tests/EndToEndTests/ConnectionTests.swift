import Foundation
import HookgateTesting
import OpenSSL
import Testing

/// Certificates, addresses and the end of connections, as clients and operators see them.
@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
    private func curl(_ gateway: GatewayProcess, trusting authority: String) async throws -> Command.Result {
        try await Command.run(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "30", "--cacert", authority, "--output", "/dev/null",
                gateway.url,
            ]
        )
    }

    /// Makes another pair in the folder of a gateway and returns the folder's path.
    private func anotherPair(_ gateway: GatewayProcess) async throws -> URL {
        let folder = gateway.folder.appending(path: "renewed")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let made = try await Command.run(Command.hookgate, ["cert", "generate", "--out", folder.path])
        #expect(made.status == 0)
        return folder
    }

    /// Puts a file in the place of another, as certbot does.
    private func replace(_ name: String, in gateway: GatewayProcess, from folder: URL) throws {
        // In one step, which FileManager does not promise.
        guard rename(folder.appending(path: name).path, gateway.folder.appending(path: name).path) == 0 else {
            throw Failure("rename: \(name)")
        }
    }

    @Test func `A renewed certificate is served by itself, and one that does not fit is not`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let renewed = try await anotherPair(gateway)
        let authority = renewed.appending(path: "ca.pem").path
        #expect(try await curl(gateway, trusting: gateway.authority).status == 0)

        try replace("server.pem", in: gateway, from: renewed)
        let refused = try await gateway.line { $0.contains("the changed certificate cannot be served") }
        #expect(refused.contains("is not the key of the first certificate"))
        #expect(try await curl(gateway, trusting: gateway.authority).status == 0)

        try replace("server.key", in: gateway, from: renewed)
        let told = try await gateway.line { $0.contains("another certificate is served from now on") }
        #expect(told.contains("sha256_before"))
        #expect(try await curl(gateway, trusting: authority).status == 0)
        #expect(try await curl(gateway, trusting: gateway.authority).status == 60)
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
    }

    @Test func `A command of the operator's hears of certificates, and of nothing secret`() async throws {
        let backend = try await TestBackend()
        let shell = #"curl --silent --data "$HOOKGATE_NOTICE $HOOKGATE_SUBJECT $HOOKGATE_TEST_PASSWORD" "#
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "certificate_command: [/bin/sh, -c, '\(shell) http://127.0.0.1:\(backend.port)/notice']"
        )
        let renewed = try await anotherPair(gateway)
        try replace("server.key", in: gateway, from: renewed)
        let refused = try #require(await backend.received(count: 1).last)
        #expect(refused.target == "/notice" && refused.body == "refused  ")
        try replace("server.pem", in: gateway, from: renewed)
        let replaced = try #require(await backend.received(count: 2).last)
        #expect(replaced.body == "replaced CN=localhost ")
        _ = try await gateway.line { $0.contains("certificate notice passed on") }
    }

    @Test func `A command that fails is reported, and a certificate that ends soon is told of`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "certificate_command: [/bin/sh, -c, 'test $HOOKGATE_DAYS_LEFT -gt 30 || exit 3']",
            days: 10
        )
        let line = try await gateway.line { $0.contains("the command for certificate notices failed") }
        #expect(line.contains("status 3") && line.contains("expiring"))
    }

    @Test func `SIGHUP reads certificates again, and a connection that is open goes on with its own`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let renewed = try await anotherPair(gateway)
        // Keeps one connection open over the renewal, on which the second request is made when a line comes in.
        let script = """
            import socket, ssl, sys
            context = ssl.create_default_context(cafile=sys.argv[1])
            link = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="localhost")
            def ask():
                link.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
                return link.recv(65536).split(b"\\r\\n")[0].decode()
            print(ask(), flush=True)
            sys.stdin.readline()
            print(ask(), flush=True)
            """
        let (input, output) = (Pipe(), Pipe())
        let client = try ChildProcess(
            "python3",
            ["-c", script, gateway.authority, "\(gateway.port)"],
            input: .file(input.fileHandleForReading),
            output: .file(output.fileHandleForWriting)
        )
        try output.fileHandleForWriting.close()
        let first = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        for name in ["server.pem", "server.key"] { try replace(name, in: gateway, from: renewed) }
        gateway.hangUp()
        _ = try await gateway.line { $0.contains("another certificate is served from now on") }
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        let second = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        client.wait()
        #expect(first + second == "HTTP/1.1 404 Not Found\nHTTP/1.1 404 Not Found\n")
    }

    @Test func `A backend behind a Unix socket gets its events, also when it begins late`() async throws {
        let folder = try TemporaryDirectory()
        let unused = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: unused.port,
            extra: "journal: {path: journal.sqlite}",
            destination: "socket: \(folder.path)/app.sock, retry: {first_delay: 50ms, max_delay: 100ms}"
        )
        let push = "event=newCall&direction=in&from=4921155667788&to=4921199887766&callId=1"
        let posted = try await Command.run(
            "curl",
            [
                "--silent", "--max-time", "30", "--cacert", gateway.authority, "--user",
                "sipgate:\(GatewayProcess.password)", "--data", push, gateway.url,
            ]
        )
        #expect(posted.output.contains("<Response"))
        _ = try await gateway.line { $0.contains("unreachable") }
        let backend = try await TestBackend(socket: folder.path + "/app.sock")
        let received = await backend.received(count: 1)
        #expect(received[0].target == "/events" && received[0].header("host") == "127.0.0.1:\(unused.port)")
        #expect(unused.received.isEmpty)
    }

    @Test func `What clients get can be seen from outside`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        func check(_ arguments: String...) async throws -> Command.Result {
            try await Command.run(Command.hookgate, ["cert", "check"] + arguments)
        }
        let good = try await check("localhost:\(gateway.port)", "--ca", gateway.authority)
        #expect(good.status == 0 && good.error.isEmpty, "\(good.output)\(good.error)")
        for words in [
            "speaks TLSv1.3 with TLS_AES_128_GCM_SHA256, TLSv1.2 with ECDHE-", "certificate: CN=localhost",
            "a client that names nobody gets: the same", "verified: it is for localhost", "-----BEGIN CERTIFICATE-----",
        ] {
            #expect(good.output.contains(words), "\(words) is not in:\n\(good.output)")
        }
        let misnamed = try await check("127.0.0.1:\(gateway.port)", "--name", "example.org", "--ca", gateway.authority)
        #expect(misnamed.status == 1 && misnamed.error.contains("hostname mismatch"), "\(misnamed.error)")
        let untrusted = try await check("127.0.0.1:\(gateway.port)")
        #expect(untrusted.status == 1 && untrusted.error.contains("issuer certificate"), "\(untrusted.error)")
        gateway.terminate()
        _ = await gateway.exitStatus()
        let gone = try await check("127.0.0.1:\(gateway.port)")
        #expect(gone.status == 1 && gone.error.contains("Connection refused"), "\(gone.error)")
        #expect(try await check("two words").status == 2)
    }

    @Test func `Clients show certificates, and the route says whose may post`() async throws {
        let authority = try EphemeralAuthority()
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            tls: "client_certificates: {ca: clients.pem}",
            route: "clients: [CN=proxy]",
            files: ["clients.pem": authority.root.certificate.pem]
        )
        func post(as name: String?) async throws -> Command.Result {
            var arguments = ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority]
            if let name {
                var builder = CertificateBuilder(commonName: name)
                builder.purpose = .client
                let issued = try builder.signed(by: authority.root)
                let files = try ["pem": issued.certificate.pem, "key": issued.key.pem()].map { suffix, text in
                    let path = gateway.folder.appending(path: "\(name).\(suffix)").path
                    try text.write(toFile: path, atomically: true, encoding: .utf8)
                    return suffix == "pem" ? ["--cert", path] : ["--key", path]
                }
                arguments += files.flatMap { $0 }
            }
            let push = "event=newCall&direction=in&from=4921155667788&to=4921199887766&callId=1"
            return try await Command.run(
                "curl",
                arguments + ["--user", "sipgate:\(GatewayProcess.password)", "--data", push, gateway.url]
            )
        }
        #expect(try await post(as: nil).status != 0)
        #expect(try await post(as: "stranger").output.contains("certificate_denied"))
        #expect(backend.received.isEmpty)
        #expect(try await post(as: "proxy").output.contains("<Response"))
        let event = try #require(try backend.received.first?.json())
        #expect(event["clientsubject"] as? String == "CN=proxy" && backend.received.count == 1)
        let shown = try String(contentsOf: gateway.folder.appending(path: "proxy.pem"), encoding: .utf8)
        let certificate = try CertificateChain(pem: shown, name: "proxy").leaf
        #expect(event["clientfingerprint"] as? String == certificate.fingerprint.description)
        #expect((event["data"] as? [String: Any])?.keys.contains { $0.hasPrefix("client") } == false)
    }

    @Test func `A client that says goodbye behind its request gets the reply`() async throws {
        let backend = try await TestBackend(.waits)
        let gateway = try await GatewayProcess(backend: backend.port)
        let script = """
            import base64, socket, ssl, sys
            context = ssl.create_default_context(cafile=sys.argv[1])
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            link = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
            def step(work):
                while True:
                    try:
                        return work()
                    except ssl.SSLWantReadError:
                        ciphertext = outgoing.read()
                        if ciphertext:
                            link.sendall(ciphertext)
                        data = link.recv(65536)
                        incoming.write(data) if data else incoming.write_eof()
            step(tls.do_handshake)
            body = sys.argv[4].encode()
            tls.write(b"POST /hooks/sipgate HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Basic "
                + base64.b64encode(sys.argv[3].encode()) + b"\\r\\nContent-Type: application/x-www-form-urlencoded\\r\\n"
                + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            link.sendall(outgoing.read())
            link.shutdown(socket.SHUT_WR)
            print(step(lambda: tls.read(65536)).split(b"\\r\\n")[0].decode())
            """
        async let reply = Command.run(
            "python3",
            [
                "-c", script, gateway.authority, "\(gateway.port)", "sipgate:\(GatewayProcess.password)",
                "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=5309",
            ]
        )
        _ = await backend.received(count: 1)
        backend.answerHeld()
        let result = try await reply
        #expect(result.output == "HTTP/1.1 200 OK\n", "\(result.error)")
    }

    @Test func `A route takes pushes from the addresses that it allows`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, route: "deny: [127.0.0.0/8]")
        let reply = try await Command.run(
            "curl",
            [
                "--silent", "--cacert", gateway.authority, "--user", "sipgate:\(GatewayProcess.password)", "--data",
                "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=5309", gateway.url,
            ]
        )
        #expect(reply.output.contains("address_denied"))
        #expect(backend.received.isEmpty)
    }

    @Test(arguments: [("198.51.100.7", true), ("192.0.2.7", false)])
    func `A proxy that is believed names its client, and rules are asked about that one`(
        client: String,
        isServed: Bool
    ) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            limits: "{}\n    proxies: 127.0.0.1\n    deny: 192.0.2.0/24"
        )
        let script = """
            import socket, ssl, sys
            link = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
            link.sendall(b"PROXY TCP4 %s 127.0.0.1 40000 8443\\r\\n" % sys.argv[3].encode())
            tls = ssl.create_default_context(cafile=sys.argv[1]).wrap_socket(link, server_hostname="localhost")
            tls.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            print(tls.recv(1000).split(b"\\r\\n")[0].decode())
            """
        let reply = try await Command.run("python3", ["-c", script, gateway.authority, "\(gateway.port)", client])
        #expect(reply.output.hasPrefix("HTTP/1.1 404") == isServed, "\(reply.error)")
        if isServed { _ = try await gateway.line { $0.contains("\"client\":\"\(client)\"") } }
    }
}
