import Foundation
import HookgateTesting
import OpenSSL
import Testing

@testable import Gateway

/// When a responder is asked again, and what is served meanwhile.
@Suite struct StaplingTests {
    private static let now = CertificateTime.now
    private let responder: OCSPAuthority
    private let chain: CertificateChain

    init() throws {
        let authority = try EphemeralAuthority(hasIntermediate: true)
        responder = try OCSPAuthority(try #require(authority.intermediate))
        let identity = try authority.server { $0.ocspResponder = "http://127.0.0.1:1/ocsp" }
        chain = try CertificateChain(pem: identity.chainPEM, name: "chain")
    }

    private func answer(_ status: OCSPAuthority.Status, days: Int = 8) async throws -> [UInt8] {
        try responder.settle(chain.leaf, status)
        let folder = responder.directory.path
        let (request, response) = ("\(folder)/request.der", "\(folder)/response.der")
        try Data(try OCSPResponse.request(for: chain)).write(to: URL(filePath: request))
        let arguments = responder.arguments(request: request, response: response, days: days)
        let made = try await Command.run("openssl", arguments)
        try #require(made.status == 0, "\(made.error)")
        return [UInt8](try Data(contentsOf: URL(filePath: response)))
    }

    private func after(_ seconds: Int64) -> CertificateTime {
        CertificateTime(unixSeconds: Self.now.unixSeconds + seconds)
    }

    @Test func `A response is renewed at half of its life`() async throws {
        let stapling = Stapling(.fetch, chain: chain)
        #expect(stapling.due(at: Self.now) == "http://127.0.0.1:1/ocsp")
        stapling.received(try await answer(.good), at: Self.now, jitter: 0)
        #expect(stapling.staple.current() != nil && stapling.problem() == nil)
        let day: Int64 = 86_400
        #expect(stapling.due(at: after(4 * day - 60)) == nil)
        #expect(stapling.due(at: after(4 * day + 60)) != nil)
        // One that is past its half is not asked for again and again.
        stapling.received(try await answer(.good), at: after(7 * day), jitter: 0)
        #expect(stapling.due(at: after(7 * day + 1)) == nil && stapling.due(at: after(7 * day + 3600)) != nil)
    }

    @Test func `A responder that fails is asked less and less often, and the response that is there goes on`()
        async throws
    {
        let stapling = Stapling(.fetch, chain: chain)
        stapling.received(try await answer(.good, days: 1), at: Self.now, jitter: 0)
        var (now, waits): (Int64, [Int64]) = (43_200, [])
        for _ in 0..<9 {
            stapling.failed("HTTP status 500", at: after(now), jitter: 0)
            let wait = (1...4000).first { stapling.due(at: after(now + $0)) != nil }
            waits.append(try #require(wait))
            now += waits[waits.count - 1]
        }
        #expect(waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600])
        #expect(stapling.problem() == "http://127.0.0.1:1/ocsp: HTTP status 500")
        #expect(stapling.staple.current() != nil && stapling.staple.current(at: after(86_401)) == nil)
        stapling.received(Array("nonsense".utf8), at: Self.now)
        #expect(stapling.problem()?.contains("no OCSP response in DER") == true && stapling.staple.current() != nil)
        stapling.received(try await answer(.good), at: Self.now)
        #expect(stapling.problem() == nil)
        stapling.received(try await answer(.revoked), at: Self.now)
        #expect(stapling.staple.current() == nil && stapling.problem()?.contains("is revoked") == true)
    }

    @Test func `A file is read, and says itself what is wrong with it`() async throws {
        let good = try await answer(.good, days: 1)
        let path = "\(responder.directory.path)/response.der"
        try Data(good).write(to: URL(filePath: path))
        let stapling = Stapling(.file(path), chain: chain)
        #expect(stapling.staple.current()?.der == good && stapling.problem() == nil)
        #expect(stapling.due(at: after(100_000)) == nil)
        #expect(stapling.problem(at: after(86_500))?.contains("has ended") == true)
        #expect(Stapling(.file(path + "x"), chain: chain).problem()?.contains("no such file") == true)
    }

    @Test func `A certificate that names nobody is asked about nowhere`() throws {
        let identity = try EphemeralAuthority(hasIntermediate: true).server {
            $0.ocspResponder = "https://ocsp.example"
        }
        let stapling = Stapling(.fetch, chain: try CertificateChain(pem: identity.chainPEM, name: "chain"))
        #expect(stapling.responder == nil && stapling.due(at: Self.now) == nil)
    }
}
