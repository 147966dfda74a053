import Foundation
import HookgateTesting
import OpenSSL
import Testing

@Suite("OCSP responses")
struct OCSPTests {
    private static let authority = Result { try EphemeralAuthority(hasIntermediate: true) }
    private let issuer: CertificateBuilder.Issued
    private let responder: OCSPAuthority
    private let identity: ServerIdentity
    private let chain: CertificateChain

    init() throws {
        let authority = try Self.authority.get()
        issuer = try #require(authority.intermediate)
        responder = try OCSPAuthority(issuer)
        identity = try authority.server { $0.ocspResponder = "http://127.0.0.1:8888/ocsp" }
        chain = try CertificateChain(pem: identity.chainPEM, name: "chain.pem")
    }

    /// What the responder answers to the request for a chain.
    private func answer(for chain: CertificateChain, days: Int = 7) async throws -> [UInt8] {
        let folder = responder.directory.path
        let (request, response) = ("\(folder)/request.der", "\(folder)/response.der")
        try Data(try OCSPResponse.request(for: chain)).write(to: URL(filePath: request))
        let arguments = responder.arguments(request: request, response: response, days: days)
        let result = try await Command.run("openssl", arguments)
        try #require(result.status == 0, "\(result.error)")
        return [UInt8](try Data(contentsOf: URL(filePath: response)))
    }

    private func problem(
        _ der: [UInt8],
        for chain: CertificateChain? = nil,
        now: CertificateTime = .now
    ) -> OCSPProblem? {
        #expect(throws: OCSPProblem.self) { try OCSPResponse(der: der, for: chain ?? self.chain, now: now) }
    }

    @Test("a good response is taken while it is true, and no byte of it may be another")
    func good() async throws {
        try responder.settle(chain.leaf, .good)
        let der = try await answer(for: chain)
        let response = try OCSPResponse(der: der, for: chain)
        #expect(response.der == der && 6...7 ~= CertificateTime.now.days(until: response.nextUpdate))
        // Until its end, and a little before its beginning, since clocks differ.
        let (begin, end) = (response.thisUpdate.unixSeconds, response.nextUpdate.unixSeconds)
        #expect(throws: Never.self) {
            _ = try OCSPResponse(der: der, for: chain, now: CertificateTime(unixSeconds: end - 1))
            _ = try OCSPResponse(der: der, for: chain, now: CertificateTime(unixSeconds: begin - 299))
        }
        #expect(problem(der, now: response.nextUpdate) == .ended(response.nextUpdate))
        let early = CertificateTime(unixSeconds: begin - 301)
        #expect(problem(der, now: early) == .early(response.thisUpdate))

        #expect(throws: OCSPProblem.self) { try OCSPResponse(der: der + [0], for: chain) }
        #expect(throws: OCSPProblem.self) { try OCSPResponse(der: Array(der.dropLast()), for: chain) }
        for place in stride(from: 0, to: der.count, by: 7) {
            var damaged = der
            damaged[place] ^= 0x01
            let taken = try? OCSPResponse(der: damaged, for: chain)
            // The certificates beside it are not signed with it.
            #expect(taken == nil || taken?.thisUpdate == response.thisUpdate, "\(place)")
        }
    }

    @Test("what is not good is told apart")
    func refused() async throws {
        try responder.settle(chain.leaf, .revoked)
        if case .revoked(let time)? = problem(try await answer(for: chain)) {
            #expect(time?.description == "2026-01-01 00:00:00 UTC")
        } else {
            Issue.record("not revoked")
        }
        // Nobody has told the responder of this one.
        let other = try Self.authority.get().server()
        let otherChain = try CertificateChain(pem: other.chainPEM, name: "other.pem")
        #expect(problem(try await answer(for: otherChain), for: otherChain) == .unknown)
        try responder.settle(other.certificate, .good)
        #expect(problem(try await answer(for: otherChain)) == .otherCertificate)

        for bytes in [[], [0x30], Array("garbage".utf8), Array(repeating: 0, count: 100_000)] as [[UInt8]] {
            guard case .malformed? = problem(bytes) else {
                Issue.record("\(bytes.count) bytes")
                continue
            }
        }
        // OCSPResponse ::= { responseStatus tryLater (3) }, RFC 6960 section 4.2.1.
        #expect(problem([0x30, 0x03, 0x0A, 0x01, 0x03]) == .declined("trylater"))
    }

    @Test("only the issuer vouches for its certificates, and it has to be there")
    func signature() async throws {
        // Another authority of the same name, which says that all is well.
        let impostor = try #require(try EphemeralAuthority(hasIntermediate: true).intermediate)
        try responder.settle(chain.leaf, .good)
        _ = try responder.directory.write(impostor.certificate.pem, to: "signer.pem")
        _ = try responder.directory.write(impostor.key.pem(), to: "signer.key")
        let folder = responder.directory.path
        try Data(try OCSPResponse.request(for: chain)).write(to: URL(filePath: "\(folder)/request.der"))
        var arguments = responder.arguments(request: "\(folder)/request.der", response: "\(folder)/response.der")
        for place in arguments.indices.dropFirst() {
            if arguments[place - 1] == "-rsigner" { arguments[place] = "\(folder)/signer.pem" }
            if arguments[place - 1] == "-rkey" { arguments[place] = "\(folder)/signer.key" }
        }
        let result = try await Command.run("openssl", arguments)
        #expect(result.status == 0, "\(result.error)")
        let der = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/response.der")))
        guard case .signature? = problem(der) else {
            Issue.record("a stranger was believed")
            return
        }
        let alone = try CertificateChain(pem: identity.certificate.pem, name: "leaf.pem")
        #expect(problem(der, for: alone) == .noIssuer)
        #expect(throws: OCSPProblem.noIssuer) { try OCSPResponse.request(for: alone) }
    }

    @Test("a certificate names its responder")
    func names() throws {
        #expect(chain.leaf.ocspResponders == ["http://127.0.0.1:8888/ocsp"])
        #expect(try ServerIdentity.selfSigned().certificate.ocspResponders.isEmpty)
        #expect(!chain.leaf.demandsStaple)
    }

    @Test("clients that ask get the response of the certificate that they get, as long as it is true")
    func stapled() async throws {
        try responder.settle(chain.leaf, .good)
        let response = try OCSPResponse(der: try await answer(for: chain), for: chain)
        let other = try Self.authority.get().server(names: ["other.example"])
        let rsa = try Self.authority.get().server { $0.keyKind = .rsa(bits: 2048) }
        let staple = OCSPStaple()
        let server = try TLSContext.server(
            .init([
                TLSIdentity(chain: chain, key: identity.key, staple: staple),
                TLSIdentity(chain: try CertificateChain(pem: rsa.chainPEM, name: "rsa.pem"), key: rsa.key),
                TLSIdentity(chain: try CertificateChain(pem: other.chainPEM, name: "other.pem"), key: other.key),
            ])
        )
        func stapled(_ name: String, _ version: TLSPolicy.Version, asks: Bool = true) throws -> [UInt8]? {
            let policy = TLSPolicy(minimumVersion: version, maximumVersion: version)
            let client = try TLSContext.client(trust: .pem(identity.trustedPEM), asksForStatus: asks, policy: policy)
            var pair = try SessionPair(client: client, server: server, serverName: name)
            pair.shakeHands()
            #expect(pair.clientStep == .done && pair.serverStep == .done)
            return pair.client.stapledResponse
        }
        for version in TLSPolicy.Version.allCases {
            staple.replace(by: nil)
            #expect(try stapled("localhost", version) == nil)
            staple.replace(by: response)
            #expect(try stapled("localhost", version) == response.der)
            #expect(try stapled("localhost", version, asks: false) == nil)
            #expect(try stapled("other.example", version) == nil)
        }
        #expect(staple.current(at: response.nextUpdate) == nil)
    }
}
