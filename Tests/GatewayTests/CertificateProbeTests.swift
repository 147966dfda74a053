import Foundation
import Gateway
import HookgateTesting
import Testing

/// Servers as people set them up wrongly, seen from outside.
@Suite("cert check", .timeLimit(.minutes(2)))
struct CertificateProbeTests {
    /// The server has ended before it listened.
    struct Ended: Error {
        let words: String
    }

    /// openssl's server with a chain of its own, until nobody holds it.
    final class Server: Sendable {
        let port: Int
        private let process: ChildProcess
        private let directory: TemporaryDirectory
        /// Kept: whoever writes to a pipe that nobody holds is ended by it.
        private let output = Pipe()

        init(_ leaf: CertificateWorkshop.Made, _ issuers: [CertificateWorkshop.Made], _ more: String...) throws {
            directory = try TemporaryDirectory()
            let chain = try directory.write(issuers.map { try $0.pem() }.joined(), to: "issuers.pem")
            let others = issuers.isEmpty ? [] : ["-cert_chain", chain]
            process = try ChildProcess(
                "openssl",
                ["s_server", "-accept", "127.0.0.1:0", "-cert", leaf.certificate, "-key", leaf.key, "-www"] + others
                    + more,
                output: .file(output.fileHandleForWriting)
            )
            try output.fileHandleForWriting.close()
            var text = ""
            // "ACCEPT 127.0.0.1:40123", and only once it listens.
            var found: Int?
            while found == nil {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { throw Ended(words: text) }
                text += String(decoding: data, as: UTF8.self)
                found = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") && text.contains("\n") }
                    .flatMap { Int($0.split(separator: ":").last ?? "") }
            }
            port = found ?? 0
        }

        deinit {
            process.send(SIGKILL)
            process.wait()
        }

        func check(_ name: String, trusting authority: String) async throws -> CommandResult {
            let ca = try directory.write(authority, to: "ca.pem")
            return await CertificateProbe.check(address: "127.0.0.1:\(port)", name: name, authorities: ca)
        }
    }

    /// A root, an intermediate and what they sign.
    struct Material {
        let shop = try? CertificateWorkshop()
        let root, intermediate: CertificateWorkshop.Made

        init() throws {
            let shop = try #require(shop)
            root = try shop.make("Root", CertificateWorkshop.authority)
            intermediate = try shop.make("Intermediate", CertificateWorkshop.authority, by: root)
        }

        func leaf(_ more: String..., name: String = "localhost") throws -> CertificateWorkshop.Made {
            let extensions = CertificateWorkshop.server.filter { !$0.hasPrefix("subjectAltName") }
            return try #require(shop).make(
                "server",
                extensions + ["subjectAltName=DNS:\(name)"] + more,
                by: intermediate
            )
        }
    }

    @Test("a good server is told in full, and nothing is found")
    func good() async throws {
        let material = try Material()
        let leaf = try material.leaf()
        let server = try Server(leaf, [material.intermediate], "-alpn", "h2,http/1.1")
        let result = try await server.check("localhost", trusting: material.root.pem())
        #expect(result.status == .done && result.errors == "", "\(result)")
        for words in [
            "TLSv1.3 with", "TLSv1.2 with", "HTTP/2 for those who know it", "issuer: CN=Intermediate",
            "a client that names nobody gets: the same", "OCSP: not stapled",
            "verified: it is for localhost",
            "-----BEGIN CERTIFICATE-----", "SHA-256: ",
        ] {
            #expect(result.output.contains(words), "\(words) in \(result.output)")
        }
    }

    @Test("a missing intermediate is said, and where it is")
    func incomplete() async throws {
        let material = try Material()
        let leaf = try material.leaf("authorityInfoAccess=caIssuers;URI:http://pki.example/ca.der")
        let server = try Server(leaf, [])
        let result = try await server.check("localhost", trusting: material.root.pem())
        #expect(result.status == .failed)
        #expect(result.errors.contains("lacks the certificate of \"CN=Intermediate\""), "\(result.errors)")
        #expect(result.errors.contains("curl -s http://pki.example/ca.der"))
        #expect(result.errors.contains("a client refuses it for localhost"))
        #expect(result.output.contains("agrees on no protocol (ALPN)"))
    }

    @Test(
        "another name is said, with the names that are there",
        arguments: [
            ("other.example", "other.example", nil),
            ("*.example.net", "a.b.example.net", "is for one label before the domain, and a.b.example.net has more"),
            ("*.example.net", "example.net", "not for the name itself"),
        ] as [(String, String, String?)]
    )
    func otherName(certificate: String, asked: String, words: String?) async throws {
        let material = try Material()
        let leaf = try material.leaf(name: certificate)
        let server = try Server(leaf, [material.intermediate])
        let result = try await server.check(words == nil ? "localhost" : asked, trusting: material.root.pem())
        #expect(result.status == .failed)
        #expect(result.errors.contains("names of the certificate: DNS:\(certificate)"), "\(result.errors)")
        if let words { #expect(result.errors.contains(words), "\(result.errors)") }
    }

    @Test(
        "an authority that is not trusted, a chain out of order, an end in sight and a promise to staple that is not kept"
    )
    func others() async throws {
        let material = try Material()
        let stranger = try material.shop?.make("Stranger", CertificateWorkshop.authority)
        let leaf = try material.leaf("tlsfeature=status_request")
        let server = try Server(leaf, [material.root, material.intermediate])
        let result = try await server.check("localhost", trusting: stranger?.pem() ?? "")
        #expect(result.status == .failed)
        for words in ["change the order", "demands a stapled OCSP response", "a client refuses it for localhost"] {
            #expect(result.errors.contains(words), "\(words) in \(result.errors)")
        }
    }
}
