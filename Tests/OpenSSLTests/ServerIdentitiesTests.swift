import HookgateTesting
import NIOCore
import OpenSSL
import Testing

@Suite("A server with several certificates")
struct ServerIdentitiesTests {
    static let authority = Result { try EphemeralAuthority() }
    private let authority: EphemeralAuthority

    init() throws {
        authority = try Self.authority.get()
    }

    private func identity(_ names: String..., kind: PrivateKey.NewKind = .p256) throws -> TLSIdentity {
        let issued = try authority.server(names: names) { $0.keyKind = kind }
        return TLSIdentity(chain: try CertificateChain(pem: issued.chainPEM, name: names[0]), key: issued.key)
    }

    /// The subject of the certificate that a client gets, or why it gets none.
    private func subject(of server: TLSContext, asking name: String?) throws -> String {
        var pair = try SessionPair(client: .client(trust: .anybody), server: server, serverName: name)
        pair.shakeHands()
        if case .failed(let reasons) = pair.clientStep { return "refused: \(reasons.first?.reason ?? "")" }
        let certificate = pair.client.peerCertificate
        return certificate?.subject ?? "none"
    }

    @Test(
        "the name that a client asks for decides",
        arguments: [
            ("a.example.org", "CN=a.example.org"), ("A.Example.ORG", "CN=a.example.org"),
            ("b.example.org", "CN=b.example.org"),
            ("also.example.org", "CN=b.example.org"), ("x.wild.example", "CN=*.wild.example"),
            ("exact.wild.example", "CN=exact.wild.example"),
            // Neither the name above an asterisk nor one two labels below it is meant (RFC 6125, section 6.4.3).
            ("wild.example", "CN=a.example.org"), ("y.x.wild.example", "CN=a.example.org"),
            ("unknown.example", "CN=a.example.org"), (nil, "CN=a.example.org"),
        ] as [(String?, String)]
    )
    func names(asked: String?, subject expected: String) throws {
        let server = try TLSContext.server(
            .init([
                identity("a.example.org"), identity("b.example.org", "also.example.org"), identity("*.wild.example"),
                identity("exact.wild.example"),
            ])
        )
        #expect(try subject(of: server, asking: asked) == expected)
    }

    @Test("a named default is what a client gets that names nobody", arguments: ["b.example.org", "B.EXAMPLE.org"])
    func namedDefault(name: String) throws {
        let identities = TLSContext.Identities(
            [try identity("a.example.org"), try identity("b.example.org")],
            defaultName: name
        )
        #expect(try subject(of: .server(identities), asking: nil) == "CN=b.example.org")
        #expect(try subject(of: .server(identities), asking: "a.example.org") == "CN=a.example.org")
    }

    @Test("who wants a stranger is refused where that is wished, and who names nobody is not")
    func refusal() throws {
        let identities = TLSContext.Identities([try identity("a.example.org")], refusesUnknownNames: true)
        let server = try TLSContext.server(identities)
        #expect(try subject(of: server, asking: "b.example.org").contains("unrecognized name"))
        #expect(try subject(of: server, asking: "a.example.org") == "CN=a.example.org")
        #expect(try subject(of: server, asking: nil) == "CN=a.example.org")
    }

    @Test("of two certificates for one name the first of a kind of key is served")
    func sameName() throws {
        let (first, second) = (try identity("a.example.org"), try identity("a.example.org"))
        var pair = try SessionPair(
            client: .client(trust: .anybody),
            server: .server(TLSContext.Identities([first, second])),
            serverName: "a.example.org"
        )
        pair.shakeHands()
        let served = pair.client.peerCertificate?.fingerprint
        #expect(served == first.chain.leaf.fingerprint)
        let digits = first.chain.leaf.fingerprint.description.prefix(16)
        #expect(pair.server.servedFingerprint.map { $0[...] } == digits)
    }

    @Test("every group of certificates is tried under a name of its own")
    func trialNames() throws {
        let identities = TLSContext.Identities([
            try identity("b.example.org", "a.example.org"), try identity("*.wild.example"),
        ])
        #expect(identities.trialNames == ["trial.wild.example", "a.example.org"])
        let server = try TLSContext.server(identities)
        for name in identities.trialNames { try HandshakeTrial.run(server, name: name, policy: TLSPolicy()) }
        let strict = try TLSContext.server(.init(identities.all, refusesUnknownNames: true))
        #expect(throws: CredentialError.self) {
            try HandshakeTrial.run(strict, name: "unknown.example", policy: TLSPolicy())
        }
    }
}
