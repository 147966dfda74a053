import Foundation
import HookgateTesting
import OpenSSL
import Testing

/// Clients learn that the certificate is not revoked, without asking anybody.
@Suite(.timeLimit(.minutes(5))) struct StaplingTests {
    private let identity: ServerIdentity
    private let responder: OCSPAuthority

    init() throws {
        let authority = try EphemeralAuthority(hasIntermediate: true)
        let issuer = try #require(authority.intermediate)
        responder = try OCSPAuthority(issuer)
        identity = try authority.server()
    }

    private func files(_ identity: ServerIdentity) throws -> [String: String] {
        ["server.pem": identity.chainPEM, "server.key": try identity.key.pem(), "ca.pem": identity.trustedPEM]
    }

    /// Writes what the responder says of a certificate.
    private func answer(to path: String) async throws {
        let request = "\(responder.directory.path)/request.der"
        let chain = try CertificateChain(pem: identity.chainPEM, name: "chain")
        try Data(try OCSPResponse.request(for: chain)).write(to: URL(filePath: request))
        let made = try await Command.run("openssl", responder.arguments(request: request, response: path))
        try #require(made.status == 0, "\(made.error)")
    }

    /// What a client finds that asks.
    private func status(_ gateway: GatewayProcess) async throws -> String {
        let result = try await Command.run(
            "openssl",
            [
                "s_client", "-connect", "127.0.0.1:\(gateway.port)", "-servername", "localhost", "-CAfile",
                gateway.authority, "-status", "-verify_return_error",
            ]
        )
        #expect(result.status == 0 && result.output.contains("Verify return code: 0"), "\(result.error)")
        return result.output
    }

    @Test func `A response in a file is stapled while it is good, and watched`() async throws {
        let backend = try await TestBackend()
        let file = "\(responder.directory.path)/response.der"
        try responder.settle(identity.certificate, .good)
        try await answer(to: file)
        let gateway = try await GatewayProcess(
            backend: backend.port,
            certificate: "ocsp: \(file)",
            extra: "admin: {address: 127.0.0.1:0}",
            files: files(identity)
        )
        _ = try await gateway.line { $0.contains("OCSP response stapled") && $0.contains("next_update") }
        let good = try await status(gateway)
        #expect(good.contains("OCSP Response Status: successful") && good.contains("Cert Status: good"), "\(good)")
        let check = try await Command.run(
            Command.hookgate,
            ["check", "--config", gateway.folder.appending(path: "hookgate.yaml").path],
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
        #expect(check.output.contains("OCSP: good until"), "\(check.output)\(check.error)")
        let seen = try await Command.run(
            Command.hookgate,
            ["cert", "check", "localhost:\(gateway.port)", "--ca", gateway.authority]
        )
        #expect(seen.output.contains("OCSP: stapled, good until"), "\(seen.output)\(seen.error)")
        let line = try await gateway.line { $0.contains("listening for operators") }
        let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/)?.1)
        let metrics = try await Command.run("curl", ["--silent", "http://127.0.0.1:\(port)/metrics"])
        #expect(metrics.output.contains("hookgate_ocsp_next_update_timestamp_seconds{listener="), "\(metrics.output)")

        // Another one takes its place: this one says that the certificate is revoked, which helps nobody to see.
        try responder.settle(identity.certificate, .revoked)
        try await answer(to: file + ".new")
        try #require(rename(file + ".new", file) == 0)
        let told = try await gateway.line { $0.contains("no OCSP response is stapled") }
        #expect(told.contains("the certificate is revoked since 2026-01-01"), "\(told)")
        #expect(try await status(gateway).contains("OCSP response: no response sent"))
        let warned = try await Command.run(
            Command.hookgate,
            ["check", "--config", gateway.folder.appending(path: "hookgate.yaml").path],
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
        #expect(warned.status == 0 && warned.error.contains("the OCSP response is not stapled"), "\(warned.error)")
    }

    @Test func `A response is fetched from the responder that the certificate names`() async throws {
        let script = """
            import http.server, subprocess, sys
            class Responder(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    assert self.headers["Content-Type"] == "application/ocsp-request" and self.path == "/ocsp"
                    with open(sys.argv[1], "wb") as request:
                        request.write(self.rfile.read(int(self.headers["Content-Length"])))
                    subprocess.run(["openssl"] + sys.argv[3:], check=True, capture_output=True, timeout=30)
                    body = open(sys.argv[2], "rb").read()
                    self.send_response(200)
                    self.send_header("Content-Type", "application/ocsp-response")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
            server = http.server.HTTPServer(("127.0.0.1", 0), Responder)
            print("port %d" % server.server_port, flush=True)
            server.serve_forever()
            """
        let folder = responder.directory.path
        let (request, response) = ("\(folder)/asked.der", "\(folder)/answer.der")
        let process = try RunningProcess(
            URL(filePath: "/usr/bin/python3"),
            ["-c", script, request, response] + responder.arguments(request: request, response: response)
        )
        defer { process.kill() }
        let port = try await process.line { $0.hasPrefix("port ") }.dropFirst(5)
        let authority = try EphemeralAuthority(hasIntermediate: true)
        let issuer = try #require(authority.intermediate)
        _ = try responder.directory.write(issuer.certificate.pem, to: "issuer.pem")
        _ = try responder.directory.write(issuer.key.pem(), to: "issuer.key")
        let identity = try authority.server { $0.ocspResponder = "http://127.0.0.1:\(port)/ocsp" }
        try responder.settle(identity.certificate, .good)
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            certificate: "ocsp: fetch",
            files: files(identity)
        )
        _ = try await gateway.line { $0.contains("OCSP response stapled") }
        #expect(try await status(gateway).contains("Cert Status: good"))
    }

    @Test func `A responder that is away costs no handshake`() async throws {
        let authority = try EphemeralAuthority(hasIntermediate: true)
        // Port 1 of this machine: nobody is there.
        let identity = try authority.server { $0.ocspResponder = "http://127.0.0.1:1/ocsp" }
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            certificate: "ocsp: fetch",
            files: files(identity)
        )
        let line = try await gateway.line { $0.contains("no OCSP response is stapled") }
        #expect(line.contains("http://127.0.0.1:1/ocsp: cannot connect"), "\(line)")
        #expect(try await status(gateway).contains("OCSP response: no response sent"))
    }
}
