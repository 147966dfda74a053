import HookgateTesting
import OpenSSL
import Testing

@Suite("Certificate")
struct CertificateTests {
    @Test("tells what it is for, whose it is and how long")
    func values() throws {
        let authority = try EphemeralAuthority(hasIntermediate: true)
        let start = CertificateTime(unixSeconds: 1_767_225_599)
        let names = ["hooks.example.net", "*.example.org", "192.0.2.1", "2001:db8::1"]
        let identity = try authority.server(names: names) { builder in
            builder.notBefore = start
            builder.notAfter = start.adding(days: 90)
        }
        let chain = try CertificateChain(pem: identity.chainPEM, name: "chain")
        let leaf = chain.leaf
        #expect(leaf.subject == "CN=hooks.example.net")
        #expect(leaf.issuer == "CN=Test intermediate")
        #expect(
            leaf.alternativeNames == [
                "DNS:hooks.example.net", "DNS:*.example.org", "IP:192.0.2.1", "IP:2001:db8::1",
            ]
        )
        #expect(leaf.notBefore == start)
        #expect(leaf.notBefore.description == "2025-12-31 23:59:59 UTC")
        #expect(leaf.notBefore.days(until: leaf.notAfter) == 90)
        #expect(leaf.publicKey.description == "EC 256 bits")
        #expect(leaf.serial.count == 32)
        #expect(leaf.fingerprint == identity.certificate.fingerprint)
        #expect(!leaf.isAuthority && leaf.isForServers && !leaf.isSelfIssued)
        #expect(chain.intermediates.map(\.isAuthority) == [true])
        #expect(chain.certificates.map(\.pem).joined() == identity.chainPEM)
    }

    @Test("refuses names that are none", arguments: ["", "a b", "a,DNS:evil.example", "ü.example", "@section", "a\nb"])
    func badNames(name: String) {
        #expect(throws: OpenSSLError.self) { try CertificateBuilder.development(names: [name], days: 1) }
    }

    @Test("a builder without names says so")
    func noNames() {
        #expect(throws: OpenSSLError.self) { try CertificateBuilder.development(names: [], days: 1) }
    }

    @Test(
        "writes times of any year in UTC",
        arguments: [(0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC")]
    )
    func times(seconds: Int64, text: String) {
        #expect(CertificateTime(unixSeconds: seconds).description == text)
    }
}
