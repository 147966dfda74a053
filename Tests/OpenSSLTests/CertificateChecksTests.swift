import HookgateTesting
import OpenSSL
import Testing

@Suite("CertificateChecks")
struct CertificateChecksTests {
    /// Files of one case, by the names that the expectations use.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let severity: CertificateChecks.Finding.Severity
        /// What the finding says, beside the file's name.
        let words: [String]
        let file: String
        let chain: @Sendable (Fixtures) throws -> String
        let key: @Sendable (Fixtures) throws -> String
        var passPhrase: String?
        var keyMode = 0o600

        init(
            _ description: String,
            _ severity: CertificateChecks.Finding.Severity,
            _ file: String,
            _ words: [String],
            chain: @escaping @Sendable (Fixtures) throws -> String = { $0.good.chainPEM },
            key: @escaping @Sendable (Fixtures) throws -> String = { try $0.good.key.pem() },
            passPhrase: String? = nil,
            keyMode: Int = 0o600
        ) {
            testDescription = description
            self.severity = severity
            self.file = file
            self.words = words
            self.chain = chain
            self.key = key
            self.passPhrase = passPhrase
            self.keyMode = keyMode
        }
    }

    /// Certificates that the cases are built from.
    struct Fixtures: Sendable {
        let authority: EphemeralAuthority
        let stranger: EphemeralAuthority
        let good: ServerIdentity

        init() throws {
            authority = try EphemeralAuthority(hasIntermediate: true)
            stranger = try EphemeralAuthority(hasIntermediate: true)
            good = try authority.server()
        }

        var leaf: String { good.certificate.pem }
        var intermediate: String { authority.intermediate?.certificate.pem ?? "" }
        var root: String { authority.root.certificate.pem }

        static let shared = Result { try Fixtures() }
    }

    static let cases: [Case] = [
        Case("an empty chain file", .error, "chain.pem", ["empty"], chain: { _ in "" }),
        Case("a chain file that is no PEM", .error, "chain.pem", ["no PEM block"], chain: { _ in "hello\n" }),
        Case(
            "a key where the chain belongs",
            .error,
            "chain.pem",
            ["no certificate", "a private key"],
            chain: { try $0.good.key.pem() }
        ),
        Case(
            "a chain where the key belongs",
            .error,
            "key.pem",
            ["no private key", "a certificate"],
            key: { $0.good.chainPEM }
        ),
        Case(
            "a file that holds neither",
            .error,
            "chain.pem",
            ["no certificate"],
            chain: { _ in "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n" }
        ),
        Case(
            "a damaged second certificate",
            .error,
            "chain.pem",
            ["certificate 2", "cannot be decoded"],
            chain: { $0.leaf + "-----BEGIN CERTIFICATE-----\nMIIBAA==\n-----END CERTIFICATE-----\n" }
        ),
        Case(
            "a damaged key",
            .error,
            "key.pem",
            ["private key 1", "cannot be decoded"],
            key: { _ in "-----BEGIN PRIVATE KEY-----\nMIIBAA==\n-----END PRIVATE KEY-----\n" }
        ),
        Case(
            "a key of another certificate",
            .error,
            "key.pem",
            ["is not the key", "chain.pem"],
            key: { _ in try PrivateKey(making: .p256).pem() }
        ),
        Case(
            "a key of another kind",
            .error,
            "key.pem",
            ["is not the key", "RSA 2048 bits"],
            key: { _ in try PrivateKey(making: .rsa(bits: 2048)).pem() }
        ),
        Case(
            "an encrypted key without a pass phrase",
            .error,
            "key.pem",
            ["encrypted", "no pass phrase"],
            key: { try $0.good.key.pem(passPhrase: "right") }
        ),
        Case(
            "an encrypted key with the wrong pass phrase",
            .error,
            "key.pem",
            ["does not decrypt"],
            key: { try $0.good.key.pem(passPhrase: "right") },
            passPhrase: "wrong"
        ),
        Case(
            "a pass phrase nobody needs",
            .note,
            "key.pem",
            ["not encrypted"],
            passPhrase: "spare"
        ),
        Case(
            "the intermediate of somebody else",
            .error,
            "chain.pem",
            ["certificate 2", "did not sign certificate 1"],
            chain: { $0.leaf + ($0.stranger.intermediate?.certificate.pem ?? "") }
        ),
        Case(
            "issuers in the wrong order",
            .error,
            "chain.pem",
            ["certificate 2", "did not sign", "certificate 3 did"],
            chain: { $0.leaf + $0.root + $0.intermediate }
        ),
        Case(
            "a missing intermediate before the root",
            .error,
            "chain.pem",
            ["not in the file"],
            chain: { $0.leaf + $0.root }
        ),
        Case(
            "a repeated certificate",
            .warning,
            "chain.pem",
            ["certificate 2 repeats certificate 1"],
            chain: { $0.leaf + $0.leaf + $0.intermediate }
        ),
        Case(
            "the root behind the intermediate",
            .note,
            "chain.pem",
            ["certificate 3 is a root"],
            chain: { $0.good.chainPEM + $0.root }
        ),
        Case("a leaf alone", .note, "chain.pem", ["holds one certificate", "Test intermediate"], chain: { $0.leaf }),
        Case(
            "a key that others can read",
            .warning,
            "key.pem",
            ["mode 0644", "chmod 600"],
            keyMode: 0o644
        ),
        Case(
            "a key that the group can read",
            .warning,
            "key.pem",
            ["mode 0640"],
            keyMode: 0o640
        ),
    ]

    @Test("names the file and the fault", arguments: cases)
    func finding(of example: Case) throws {
        let fixtures = try Fixtures.shared.get()
        let directory = try TemporaryDirectory()
        let outcome = CertificateChecks.run(
            chainFile: try directory.write(example.chain(fixtures), to: "chain.pem"),
            keyFile: try directory.write(example.key(fixtures), to: "key.pem", mode: example.keyMode),
            passPhrase: example.passPhrase
        )
        let path = "\(directory.path)/\(example.file)"
        let found = outcome.findings.first { finding in
            finding.severity == example.severity && finding.message.hasPrefix(path)
                && example.words.allSatisfy(finding.message.contains)
        }
        #expect(found != nil, "\(outcome.findings)")
        #expect(outcome.hasErrors == (example.severity == .error), "\(outcome.findings)")
    }

    @Test("finds nothing against a good chain with its key")
    func good() throws {
        let fixtures = try Fixtures.shared.get()
        let directory = try TemporaryDirectory()
        let files = try fixtures.good.write(into: directory)
        let outcome = CertificateChecks.run(chainFile: files.chain, keyFile: files.key)
        #expect(outcome.findings.isEmpty)
        #expect(outcome.chain?.certificates.count == 2)
        #expect(outcome.key?.kind.description == "EC 256 bits")
    }

    @Test("takes chain and key from one file")
    func combined() throws {
        let fixtures = try Fixtures.shared.get()
        let directory = try TemporaryDirectory()
        let file = try directory.write(fixtures.good.chainPEM + fixtures.good.key.pem(), to: "all.pem", mode: 0o600)
        #expect(CertificateChecks.run(chainFile: file, keyFile: file).findings.isEmpty)
    }

    @Test("says which file is missing, in the system's words")
    func missing() {
        let outcome = CertificateChecks.run(chainFile: "/nowhere/chain.pem", keyFile: "/nowhere/key.pem")
        #expect(
            outcome.findings.map(\.message) == [
                "/nowhere/chain.pem: cannot be read: No such file or directory",
                "/nowhere/key.pem: cannot be read: No such file or directory",
            ]
        )
    }

    @Test(
        "judges dates by the time it is given",
        arguments: [
            (-1, .error, "is not valid before"), (5, nil, ""), (69, nil, ""), (71, .warning, "expires in 28 days"),
            (99, .warning, "expires in 0 days"), (100, .error, "expired on"),
        ] as [(Int, CertificateChecks.Finding.Severity?, String)]
    )
    func dates(day: Int, severity: CertificateChecks.Finding.Severity?, words: String) throws {
        let start = CertificateTime(unixSeconds: 1_800_000_000)
        let identity = try ServerIdentity.selfSigned { builder in
            builder.notBefore = start
            builder.notAfter = start.adding(days: 100)
        }
        let directory = try TemporaryDirectory()
        let file = try directory.write(identity.chainPEM, to: "chain.pem")
        let now = CertificateTime(unixSeconds: start.adding(days: day).unixSeconds + 1)
        let findings = CertificateChecks.run(chainFile: file, now: now).findings.filter { $0.severity != .note }
        #expect(findings.map(\.severity) == (severity.map { [$0] } ?? []))
        #expect(findings.allSatisfy { $0.message.contains(words) })
    }

    @Test("refuses a weak key")
    func weakKey() throws {
        let identity = try ServerIdentity.selfSigned { $0.keyKind = .rsa(bits: 1024) }
        let directory = try TemporaryDirectory()
        let files = try identity.write(into: directory)
        let outcome = CertificateChecks.run(chainFile: files.chain, keyFile: files.key)
        #expect(outcome.findings.contains { $0.severity == .error && $0.message.contains("too weak: RSA 1024 bits") })
    }

    @Test("warns of an authority's certificate in the server's place")
    func authority() throws {
        let fixtures = try Fixtures.shared.get()
        let directory = try TemporaryDirectory()
        let file = try directory.write(fixtures.root, to: "chain.pem")
        let findings = CertificateChecks.run(chainFile: file).findings
        #expect(findings.contains { $0.severity == .warning && $0.message.contains("certificate authority's") })
        #expect(findings.contains { $0.severity == .warning && $0.message.contains("no subject alternative name") })
    }
}
