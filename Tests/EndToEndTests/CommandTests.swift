import Foundation
import HookgateTesting
import Testing

/// The command line as people meet it.
@Suite(.timeLimit(.minutes(5))) struct CommandTests {
    private func hookgate(_ arguments: String..., input: String = "") async throws -> Command.Result {
        try await Command.run(Command.hookgate, arguments, input: input)
    }

    /// A folder with a certificate and this configuration.
    private func folder(_ configuration: String) async throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "hookgate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        #expect(try await hookgate("cert", "generate", "--out", folder.path).status == 0)
        try configuration.write(to: folder.appending(path: "hookgate.yaml"), atomically: true, encoding: .utf8)
        return folder
    }

    private static let good = """
        public_url: https://localhost:8443
        listeners:
          - address: 127.0.0.1:8443
            tls: {certificates: [{chain: server.pem, key: server.key}]}
        users:
          - {name: sipgate, password_hash: "$2b$04$abcdefghijklmnopqrstuuKZW.Kzl2YmYhRo5ZmqfwYyGIHbvRXOa"}
        routes:
          - {path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [crm]}
        destinations:
          - {name: crm, url: "http://127.0.0.1:9000/events"}
        """

    @Test func `A good configuration is checked and summed up`() async throws {
        let folder = try await folder(CommandTests.good)
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try await hookgate("check", "--config", folder.appending(path: "hookgate.yaml").path)
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("/hooks/sipgate"))
    }

    @Test func `What the system demands of TLS is shown`() async throws {
        let folder = try await folder(CommandTests.good)
        defer { try? FileManager.default.removeItem(at: folder) }
        let policy = folder.appending(path: "openssl.cnf")
        try """
        openssl_conf = init
        [init]
        ssl_conf = ssl
        [ssl]
        system_default = strict
        [strict]
        MinProtocol = TLSv1.3
        CipherString = DEFAULT@SECLEVEL=3
        """.write(to: policy, atomically: true, encoding: .utf8)
        let result = try await Command.run(
            Command.hookgate,
            ["check", "--config", folder.appending(path: "hookgate.yaml").path],
            environment: ["OPENSSL_CONF": policy.path]
        )
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(result.output.contains("openssl.cnf: security level 3, TLS 1.3 and newer"), "\(result.output)")
    }

    @Test func `Every mistake of a configuration is reported at once, with its place, and nothing starts`() async throws
    {
        let folder = try await folder(
            CommandTests.good
                .replacing("destinations: [crm]", with: "destinations: [cmr]")
                .replacing("public_url", with: "publik_url")
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "hookgate.yaml").path
        for command in ["check", "run"] {
            let result = try await hookgate(command, "--config", file)
            #expect(result.status == 78)
            let text = result.output + result.error
            #expect(text.contains("hookgate.yaml:1:1"), "\(text)")
            #expect(text.contains("public_url"))
            #expect(text.contains("hookgate.yaml:8:"), "\(text)")
            #expect(text.contains("crm"))
        }
    }

    @Test func `Where standard error is systemd's journal, each line carries its level`() async throws {
        let run = "exec \(Command.hookgate.path) run --config /nowhere"
        let journal = try await Command.run("sh", ["-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/2) \(run)"])
        #expect(journal.status == 78 && journal.error.hasPrefix("<3>/nowhere: error: cannot read"), "\(journal)")
        let other = try await Command.run("sh", ["-c", "JOURNAL_STREAM=$(stat -L -c %d:%i /dev/fd/1) \(run)"])
        #expect(other.status == 78 && other.error.hasPrefix("/nowhere: error: cannot read"), "\(other)")
    }

    @Test func `A certificate that does not fit its key is refused by name`() async throws {
        let folder = try await folder(CommandTests.good)
        defer { try? FileManager.default.removeItem(at: folder) }
        let other = try await self.folder(CommandTests.good)
        defer { try? FileManager.default.removeItem(at: other) }
        let key = folder.appending(path: "server.key")
        try FileManager.default.removeItem(at: key)
        try FileManager.default.copyItem(at: other.appending(path: "server.key"), to: key)
        let result = try await hookgate("check", "--config", folder.appending(path: "hookgate.yaml").path)
        #expect(result.status == 78)
        #expect((result.output + result.error).contains("server.key"))
    }

    @Test func `A certificate is never overwritten without being told to`() async throws {
        let folder = try await folder(CommandTests.good)
        defer { try? FileManager.default.removeItem(at: folder) }
        let before = try Data(contentsOf: folder.appending(path: "server.key"))
        let result = try await hookgate("cert", "generate", "--out", folder.path)
        #expect(result.status == 1)
        #expect(try Data(contentsOf: folder.appending(path: "server.key")) == before)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.appending(path: "server.key").path)
        #expect(mode[.posixPermissions] as? Int == 0o600)
    }

    @Test func `A password becomes a hash that the gateway takes`() async throws {
        let result = try await hookgate("password", input: "correct horse\n")
        #expect(result.status == 0, "\(result.error)")
        let hash = result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(hash.hasPrefix("$"))
        let folder = try await folder(
            CommandTests.good.replacing(/\$2b\$04[^"]*/, with: hash)
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try await hookgate("check", "--config", folder.appending(path: "hookgate.yaml").path).status == 0)
    }

    @Test func `Help teaches, and wrong usage exits with 2`() async throws {
        let help = try await hookgate("--help")
        #expect(help.status == 0)
        for command in ["run", "check", "cert", "password", "backend", "simulate"] {
            #expect(help.output.contains(command))
        }
        #expect(try await hookgate("--version").output.contains("OpenSSL"))
        #expect(try await hookgate("frobnicate").status == 2)
        #expect(try await hookgate("run", "--bogus").status == 2)
    }
}
