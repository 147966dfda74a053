import Foundation
import Gateway
import HookgateTesting
import Testing

@Suite struct CommandResultTests {
    private func folder(_ adjusting: (String) -> String = { $0 }) throws -> (TemporaryDirectory, path: String) {
        let directory = try TemporaryDirectory()
        let made = CertificateCommand.generate(
            names: ["localhost", "127.0.0.1", "hooks.example.net"],
            days: 90,
            folder: directory.path,
            replaces: false
        )
        #expect(made.status == .done)
        let path = try directory.write(adjusting(ConfigurationFixture.good), to: "hookgate.yaml")
        return (directory, path)
    }

    @Test func `a good configuration is summed up without its secrets`() throws {
        let (directory, path) = try folder()
        let result = CheckCommand.run(path: path, environment: ConfigurationFixture.environment)
        #expect(result.status == .done, "\(result.errors)")
        #expect(result.errors == "")
        for part in [
            "\(path) can be used", "0.0.0.0:8443, TLS 1.3 and newer", "DNS:localhost, IP:127.0.0.1", "days left",
            "DNS:hooks.example.net",
            "sipgate with one password hash", "second with a password from a reference", "POST /hooks/sipgate",
            "crm at http://127.0.0.1:9000/events", "call.ended, call.started", "signed with the key",
            "none: events are forwarded before the reply",
        ] {
            #expect(result.output.contains(part), "\(part) in \(result.output)")
        }
        #expect(!result.output.contains("correct horse") && !result.output.contains("$2y$"))
        withExtendedLifetime(directory) {}
    }

    @Test func `check says where events are kept, and which routes keep none`() throws {
        let (directory, path) = try folder {
            $0.replacing("follow_up_key:", with: "journal: {path: events.sqlite, retain: 2d}\nfollow_up_key:")
        }
        let result = CheckCommand.run(path: path, environment: ConfigurationFixture.environment)
        #expect(result.output.contains("/events.sqlite, settled events for 2d, 2GiB at most"), "\(result.output)")
        #expect(result.output.contains("not durable: forwarded before the reply"), "\(result.output)")
        withExtendedLifetime(directory) {}
    }

    @Test func `a public address that no certificate is for is warned of`() throws {
        let (directory, path) = try folder { $0.replacing("https://hooks.example.net", with: "https://other.example") }
        let result = CheckCommand.run(path: path, environment: ConfigurationFixture.environment)
        #expect(result.status == .done)
        #expect(result.errors.contains("public_url: no certificate is for `other.example`"))
        withExtendedLifetime(directory) {}
    }

    @Test func `check says who gets which certificate, and which nobody gets`() throws {
        let (directory, path) = try folder {
            $0.replacing(
                "certificates: [{chain: server.pem, key: server.key}]",
                with: "certificates: [{chain: server.pem, key: server.key}, {chain: server.pem, key: server.key}]\n"
                    + "      default_name: elsewhere.example"
            )
        }
        let result = CheckCommand.run(path: path, environment: ConfigurationFixture.environment)
        #expect(result.status == .done, "\(result.errors)")
        #expect(
            result.output.contains(
                "a client that names nobody gets CN=localhost; one that wants an unknown name gets the same"
            )
        )
        #expect(
            result.errors.contains(
                "listeners[0].tls.certificates[1]: is never served for localhost, hooks.example.net: certificates[0] has"
            ),
            "\(result.errors)"
        )
        #expect(result.errors.contains("listeners[0].tls.default_name: no certificate names `elsewhere.example`"))
        withExtendedLifetime(directory) {}
    }

    @Test func `errors show the line with a caret and what to do`() throws {
        let (directory, path) = try folder { $0.replacing("timeout: 5s", with: "timout: 5s") }
        let result = CheckCommand.run(path: path, environment: ConfigurationFixture.environment)
        #expect(result.status == .configuration && result.output == "")
        #expect(
            result.errors == """
                \(path):23:5: error: destinations[0].timout: unknown key `timout`
                  23 |     timout: •••
                     |     ^
                  help: did you mean `timeout`?
                1 error

                """
        )
        withExtendedLifetime(directory) {}
    }

    @Test func `a key of another certificate is a wrong configuration, also for run`() async throws {
        let (directory, path) = try folder()
        let other = try folder()
        let key = try #require(try? String(contentsOfFile: other.0.path + "/server.key", encoding: .utf8))
        _ = try directory.write(key, to: "server.key", mode: 0o600)
        let environment = ConfigurationFixture.environment
        for result in [
            CheckCommand.run(path: path, environment: environment),
            await RunCommand.run(path: path, environment: environment),
        ] {
            #expect(result.status == .configuration)
            #expect(result.errors.contains("listeners[0].tls.certificates[0]"))
            #expect(result.errors.contains("is not the key of the first certificate"))
        }
    }

    @Test func `generated files are kept, unless told otherwise, and the key is its owner's alone`() throws {
        let (directory, _) = try folder()
        func generate(replaces: Bool) -> CommandResult {
            CertificateCommand.generate(names: ["a.test"], days: 1, folder: directory.path, replaces: replaces)
        }
        let kept = generate(replaces: false)
        #expect(kept.status == .failed && kept.errors.contains("server.key") && kept.errors.contains("--force"))
        #expect(generate(replaces: true).status == .done)
        let inspected = CertificateCommand.inspect(
            file: directory.path + "/server.pem",
            key: directory.path + "/server.key",
            passPhraseFile: nil
        )
        #expect(inspected.status == .done)
        #expect(inspected.output.contains("names: DNS:a.test"))
        let pem = try String(contentsOfFile: directory.path + "/server.pem", encoding: .utf8)
        #expect(inspected.output.hasSuffix(pem), "the block to paste at the provider")
        #expect(!inspected.errors.contains("chmod"), "nobody else can read the key")
        #expect(inspected.errors.contains("expires in"))
    }

    @Test func `what cannot be made or read says why`() {
        let named = CertificateCommand.generate(names: ["a b"], days: 1, folder: "/tmp", replaces: true)
        #expect(named.status == .failed && named.errors.contains("neither a DNS name nor an IP address"))
        let unwritable = CertificateCommand.generate(names: ["a"], days: 1, folder: "/proc/x/y", replaces: false)
        #expect(unwritable.status == .failed && unwritable.errors.contains("no such file or directory"))
        let missing = CertificateCommand.inspect(file: "/nowhere", key: nil, passPhraseFile: nil)
        #expect(missing.status == .failed && missing.errors.contains("/nowhere"))
    }
}
