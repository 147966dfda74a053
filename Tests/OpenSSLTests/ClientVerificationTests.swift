import HookgateTesting
import NIOCore
import OpenSSL
import Testing

@Suite("A server that asks clients for certificates")
struct ClientVerificationTests {
    private static let authority = Result { try EphemeralAuthority() }
    private static let server = Result { try authority.get().server() }
    private let authority: EphemeralAuthority
    private let server: ServerIdentity
    private let folder: TemporaryDirectory
    private let bundle: String

    init() throws {
        authority = try Self.authority.get()
        server = try Self.server.get()
        folder = try TemporaryDirectory()
        bundle = try folder.write(authority.root.certificate.pem, to: "clients.pem")
    }

    /// A client's certificate, signed by the authority or by itself.
    private func client(
        signedBy authority: EphemeralAuthority?,
        adjusting: (inout CertificateBuilder) -> Void = { _ in }
    ) throws -> CertificateBuilder.Issued {
        var builder = CertificateBuilder(commonName: "proxy")
        builder.purpose = .client
        adjusting(&builder)
        return try authority.map { try builder.signed(by: $0.root) } ?? builder.selfSigned()
    }

    private func context(_ verification: ClientVerification, tickets: TicketKeys? = nil) throws -> TLSContext {
        let chain = try CertificateChain(pem: server.chainPEM, name: "server")
        return try .server(
            .init([TLSIdentity(chain: chain, key: server.key)]),
            tickets: tickets,
            clients: verification
        )
    }

    private func verification(
        _ need: ClientVerification.Need = .required,
        isSigned: Bool = true,
        revocations: String? = nil,
        pins: [Digest] = []
    ) throws -> ClientVerification {
        try ClientVerification(
            need: need,
            authorities: isSigned ? bundle : nil,
            revocations: revocations,
            pins: pins
        )
    }

    private func clientContext(_ shown: CertificateBuilder.Issued?, _ version: TLSPolicy.Version) throws -> TLSContext {
        let identity = try shown.map { shown in
            TLSIdentity(chain: try CertificateChain(pem: shown.certificate.pem, name: "client"), key: shown.key)
        }
        let policy = TLSPolicy(minimumVersion: version, maximumVersion: version)
        return try .client(trust: .pem(server.trustedPEM), identity: identity, policy: policy)
    }

    /// Who the server took the client for, or why it did not let it in.
    private func outcome(
        _ shown: CertificateBuilder.Issued?,
        at verification: ClientVerification,
        _ version: TLSPolicy.Version = .tls13
    ) throws -> String {
        var pair = try SessionPair(client: clientContext(shown, version), server: context(verification))
        pair.shakeHands()
        if case .failed(let reasons) = pair.serverStep { return "refused: \(reasons.first?.description ?? "")" }
        #expect(pair.serverStep == .done)
        let certificate = pair.server.peerCertificate
        return certificate?.subject ?? "nobody"
    }

    @Test("a signed certificate gets in, and no other", arguments: TLSPolicy.Version.allCases)
    func signed(version: TLSPolicy.Version) throws {
        let verification = try verification()
        #expect(try outcome(client(signedBy: authority), at: verification, version) == "CN=proxy")
        #expect(try outcome(nil, at: verification, version).contains("peer did not return a certificate"))
        let foreign = try client(signedBy: EphemeralAuthority())
        #expect(try outcome(foreign, at: verification, version).contains("unable to get local issuer certificate"))
        let old = try client(signedBy: authority) { $0.notAfter = .now.adding(days: -1) }
        #expect(try outcome(old, at: verification, version).contains("certificate has expired"))
        let misused = try client(signedBy: authority) { $0.purpose = .server }
        #expect(try outcome(misused, at: verification, version).contains("purpose"))
    }

    @Test("where none is needed, a bad one is refused all the same")
    func optional() throws {
        let verification = try verification(.optional)
        #expect(try outcome(nil, at: verification) == "nobody")
        #expect(try outcome(client(signedBy: authority), at: verification) == "CN=proxy")
        #expect(try outcome(client(signedBy: nil), at: verification).hasPrefix("refused"))
    }

    @Test("of two pins one is enough, and both signature and pin are needed where both are asked for")
    func pins() throws {
        let (mine, other) = (try client(signedBy: authority), try client(signedBy: authority))
        let pins = try [mine.certificate.publicKeyPin(), server.certificate.publicKeyPin()]
        let verification = try verification(pins: pins)
        #expect(try outcome(mine, at: verification) == "CN=proxy")
        #expect(try outcome(other, at: verification).contains("its public key is not one of the pins"))
        let unsigned = try client(signedBy: nil)
        let both = try self.verification(pins: [unsigned.certificate.publicKeyPin()])
        #expect(try outcome(unsigned, at: both).contains("self-signed certificate"))
    }

    @Test("without an authority the pin is the trust, and dates count")
    func pinsAlone() throws {
        let mine = try client(signedBy: nil)
        let old = try client(signedBy: nil) { $0.notAfter = .now.adding(days: -1) }
        let pins = try [mine.certificate.publicKeyPin(), old.certificate.publicKeyPin()]
        let verification = try verification(isSigned: false, pins: pins)
        #expect(try outcome(mine, at: verification) == "CN=proxy")
        #expect(try outcome(client(signedBy: nil), at: verification).contains("its public key is not one of the pins"))
        #expect(try outcome(old, at: verification).contains("certificate has expired"))
    }

    @Test("what is revoked stays out")
    func revoked() throws {
        let (good, bad) = (try client(signedBy: authority), try client(signedBy: authority))
        let lists = try RevocationFiles(authority, in: folder)
        let verification = try verification(revocations: lists.revoke(bad.certificate))
        #expect(verification.revocationsEnd.map { $0 > .now } == true)
        #expect(try outcome(good, at: verification) == "CN=proxy")
        #expect(try outcome(bad, at: verification).contains("certificate revoked"))
    }

    @Test("a session is resumed under the same rules, and under no others", arguments: TLSPolicy.Version.allCases)
    func resumption(version: TLSPolicy.Version) throws {
        let (keys, shown) = (try TicketKeys(), try client(signedBy: authority))
        let client = try clientContext(shown, version)
        var first = try SessionPair(client: client, server: context(verification(), tickets: keys))
        first.shakeHands()
        #expect(first.serverSays("hello") == ("hello", .needsInput))
        let ticket = first.client.resumable
        func resume(at server: TLSContext) throws -> (isResumed: Bool, subject: String?) {
            var pair = try SessionPair(client: client, server: server, resuming: ticket)
            pair.shakeHands()
            let (isResumed, certificate) = (pair.server.isResumed, pair.server.peerCertificate)
            return (isResumed, certificate?.subject)
        }
        #expect(try resume(at: context(verification(), tickets: keys)) == (true, "CN=proxy"))
        let pinned = try verification(pins: [shown.certificate.publicKeyPin()])
        #expect(try resume(at: context(pinned, tickets: keys)) == (false, "CN=proxy"))
        let lists = try RevocationFiles(authority, in: folder)
        let revoking = try verification(revocations: lists.revoke(shown.certificate))
        #expect(try resume(at: context(revoking, tickets: keys)) == (false, nil))
    }

    @Test("a file that holds something else is refused by name")
    func files() throws {
        let list = try folder.write(authority.root.certificate.pem, to: "crl.pem")
        #expect(throws: CredentialError.wrongContent(file: list, expected: .revocationList, found: .certificate)) {
            try verification(revocations: list)
        }
    }
}

/// Revocation lists by the openssl program, which keeps its books in files.
private struct RevocationFiles {
    private let folder: TemporaryDirectory
    private let configuration: String

    init(_ authority: EphemeralAuthority, in folder: TemporaryDirectory) throws {
        self.folder = folder
        _ = try folder.write("", to: "index.txt")
        _ = try folder.write("01\n", to: "crlnumber")
        let certificate = try folder.write(authority.root.certificate.pem, to: "ca.pem")
        let key = try folder.write(authority.root.key.pem(), to: "ca.key", mode: 0o600)
        configuration = try folder.write(
            """
            [ca]
            default_ca = authority
            [authority]
            database = \(folder.path)/index.txt
            crlnumber = \(folder.path)/crlnumber
            certificate = \(certificate)
            private_key = \(key)
            default_md = sha256
            default_crl_days = 7
            """,
            to: "ca.cnf"
        )
    }

    /// The path of a list with this certificate.
    func revoke(_ certificate: Certificate) throws -> String {
        let revoked = try folder.write(certificate.pem, to: "revoked.pem")
        let list = folder.path + "/list.pem"
        for arguments in [["-revoke", revoked], ["-gencrl", "-out", list]] {
            let result = try Command.runBlocking("openssl", ["ca", "-config", configuration] + arguments)
            try #require(result.status == 0, "openssl ca \(arguments): \(result.error)")
        }
        return list
    }
}
