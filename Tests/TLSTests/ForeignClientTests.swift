import Foundation
import HookgateTesting
import NIOCore
import OpenSSL
import TLS
import Testing

/// What `hookgate cert generate` makes has to please clients that are stricter than our own.
@Suite("Clients of other makes")
struct ForeignClientTests {
    struct Client: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Run by the shell with `$CA` and `$URL` set; prints what the server replied.
        let script: String
    }

    static let clients = [
        Client(testDescription: "curl", script: #"curl -sS --cacert "$CA" "$URL""#),
        Client(
            testDescription: "Python, strict",
            script: #"""
                python3 - <<'END'
                import os, ssl, urllib.request
                context = ssl.create_default_context(cafile=os.environ["CA"])
                context.verify_flags |= ssl.VERIFY_X509_STRICT
                print(urllib.request.urlopen(os.environ["URL"], context=context).read().decode())
                END
                """#
        ),
        Client(
            testDescription: "Node",
            script: #"""
                node -e '
                const ca = require("fs").readFileSync(process.env.CA);
                require("https").get(process.env.URL, { ca }, r => r.pipe(process.stdout))
                    .on("error", e => { console.error(e); process.exit(1); });'
                """#
        ),
        Client(
            testDescription: "Java",
            script: #"""
                cat > "$DIRECTORY/Get.java" <<'END'
                import java.io.*; import java.net.*; import java.security.*; import java.security.cert.*; import javax.net.ssl.*;
                public class Get { public static void main(String[] a) throws Exception {
                  KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType()); store.load(null, null);
                  store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509")
                    .generateCertificate(new FileInputStream(System.getenv("CA"))));
                  TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX"); trust.init(store);
                  SSLContext context = SSLContext.getInstance("TLS"); context.init(null, trust.getTrustManagers(), null);
                  HttpsURLConnection c = (HttpsURLConnection) new URL(System.getenv("URL")).openConnection();
                  c.setSSLSocketFactory(context.getSocketFactory());
                  c.getInputStream().transferTo(System.out); } }
                END
                java "$DIRECTORY/Get.java"
                """#
        ),
    ]

    /// The client's command, if this machine has it.
    private static func isInstalled(_ client: Client) -> Bool {
        let tool = client.testDescription == "Python, strict" ? "python3" : client.testDescription.lowercased()
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
    }

    @Test(
        "verify a development certificate by name and by address",
        arguments: clients.filter(isInstalled),
        ["localhost", "127.0.0.1"]
    )
    func verify(client: Client, host: String) async throws {
        let made = try CertificateBuilder.development(names: ["localhost", "127.0.0.1", "::1"], days: 90)
        let directory = try TemporaryDirectory()
        let authority = try directory.write(made.authorityPEM, to: "ca.pem")
        let context = try TLSContext.server(
            chain: CertificateChain(pem: made.chainPEM, name: "chain"),
            key: PrivateKey(pem: made.keyPEM, name: "key")
        )
        let server = try await LoopbackTLSServer.start(context) { channel in
            try channel.pipeline.syncOperations.addHandler(FixedReplyHandler())
        }
        let environment = [
            "CA": authority, "URL": "https://\(host):\(server.port)/", "DIRECTORY": directory.path,
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "HOME": directory.path,
        ]
        let output = try await run(client.script, environment)
        #expect(output == "verified")
        try await server.channel.close().get()
    }

    private func run(_ script: String, _ environment: [String: String]) async throws -> String {
        let result = try await Command.run(URL(filePath: "/bin/bash"), ["-c", script], environment: environment)
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Answers the first bytes of any request with the same reply, and closes.
private final class FixedReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var isDone = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        isDone = true
        let reply = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nverified"
        context.writeAndFlush(NIOAny(ByteBuffer(string: reply)), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
