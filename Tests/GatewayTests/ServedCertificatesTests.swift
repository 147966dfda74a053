import Foundation
import HookgateTesting
import OpenSSL
import Testing

@testable import Gateway

@Suite("Certificates that are renewed")
struct ServedCertificatesTests {
    static let authority = Result { try EphemeralAuthority() }
    private let directory: TemporaryDirectory
    private let old: ServerIdentity
    private let new: ServerIdentity

    init() throws {
        directory = try TemporaryDirectory()
        old = try Self.authority.get().server()
        new = try Self.authority.get().server()
    }

    private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    private func write(_ identity: ServerIdentity, _ folder: String = "") throws {
        _ = try directory.write(identity.chainPEM, to: folder + "chain.pem")
        _ = try directory.write(identity.key.pem(), to: folder + "key.pem", mode: 0o600)
    }

    private func load(ticketKeys: [String] = []) throws -> ServedCertificates {
        try ServedCertificates(configuration(ticketKeys: ticketKeys), listener: "127.0.0.1:8443")
    }

    private func configuration(ticketKeys: [String] = []) -> TLSListenerConfiguration {
        var configuration = TLSListenerConfiguration(
            certificates: [.init(chain: path("chain.pem"), key: path("key.pem"), passPhrase: nil)],
            minimumVersion: "1.2"
        )
        configuration.ticketKeys = ticketKeys
        return configuration
    }

    /// Looks twice, as the watch does: at what has changed, and again when it rests.
    private func look(_ served: ServedCertificates) -> ServedCertificates.Change {
        guard case .none = served.refresh() else {
            Issue.record("files were read before they came to rest")
            return .none
        }
        return served.refresh()
    }

    private func isServed(_ identity: ServerIdentity, by served: ServedCertificates) -> Bool {
        served.leaves.map(\.fingerprint) == [identity.certificate.fingerprint]
    }

    private func reason(_ change: ServedCertificates.Change) -> String? {
        guard case .refused(let reason) = change else { return nil }
        return reason
    }

    @Test("files that rest are not read again")
    func rest() throws {
        try write(old)
        let served = try load()
        for _ in 0..<3 { guard case .none = served.refresh() else { throw Unexpected() } }
        #expect(isServed(old, by: served))
    }

    @Test("a new pair is served, whichever file comes first", arguments: [true, false])
    func order(chainFirst: Bool) throws {
        try write(old)
        let served = try load()
        if chainFirst {
            _ = try directory.write(new.chainPEM, to: "chain.pem")
        } else {
            _ = try directory.write(new.key.pem(), to: "key.pem", mode: 0o600)
        }
        let refused = look(served)
        #expect(reason(refused)?.contains("is not the key of the first certificate") == true)
        #expect(isServed(old, by: served))
        // Told once, not at every look.
        guard case .none = look(served) else { throw Unexpected() }
        try write(new)
        guard case .replaced(let before, let after) = look(served) else { throw Unexpected() }
        #expect(before.map(\.fingerprint) == [old.certificate.fingerprint])
        #expect(after.map(\.fingerprint) == [new.certificate.fingerprint])
        #expect(isServed(new, by: served))
    }

    @Test("a file that is being written is not read until it rests")
    func halfWritten() throws {
        try write(old)
        let served = try load()
        let text = Array(new.chainPEM.utf8)
        _ = try directory.write(new.key.pem(), to: "key.pem", mode: 0o600)
        for part in [text.count / 3, text.count / 2, text.count] {
            _ = try directory.write(String(decoding: text[..<part], as: UTF8.self), to: "chain.pem")
            guard case .none = served.refresh() else { throw Unexpected() }
            #expect(isServed(old, by: served))
        }
        guard case .replaced = served.refresh() else { throw Unexpected() }
        #expect(isServed(new, by: served))
    }

    @Test("what stays half written, empty or away leaves the old in place and says why")
    func broken() throws {
        try write(old)
        let served = try load()
        let text = Array(new.chainPEM.utf8)
        let half = String(decoding: text[..<(text.count / 2)], as: UTF8.self)
        for (content, words) in [(half, "was cut short"), ("", "is empty"), ("nonsense", "holds no PEM block")] {
            _ = try directory.write(content, to: "chain.pem")
            #expect(reason(look(served))?.contains(words) == true, "\(words)")
        }
        try FileManager.default.removeItem(atPath: path("chain.pem"))
        #expect(reason(look(served))?.contains("cannot be read") == true)
        #expect(isServed(old, by: served))
        try write(old)
        guard case .none = look(served) else { throw Unexpected() }
    }

    @Test("a pair that has expired does not take the place of one that has not")
    func expired() throws {
        try write(old)
        let served = try load()
        try write(
            Self.authority.get().server { builder in
                builder.notBefore = CertificateTime.now.adding(days: -10)
                builder.notAfter = CertificateTime.now.adding(days: -1)
            }
        )
        #expect(reason(look(served))?.contains("expired on") == true)
        #expect(isServed(old, by: served))
    }

    @Test("a symbolic link that is exchanged is a change")
    func links() throws {
        for (name, identity) in [("1/", old), ("2/", new)] {
            try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
            try write(identity, name)
        }
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: path("live"), withDestinationPath: "1")
        try manager.createSymbolicLink(atPath: path("chain.pem"), withDestinationPath: "live/chain.pem")
        try manager.createSymbolicLink(atPath: path("key.pem"), withDestinationPath: "live/key.pem")
        let served = try load()
        // As Kubernetes does it: a new link, renamed over the old.
        try manager.createSymbolicLink(atPath: path("next"), withDestinationPath: "2")
        #expect(rename(path("next"), path("live")) == 0)
        guard case .replaced = look(served) else { throw Unexpected() }
        #expect(isServed(new, by: served))
    }

    @Test("asked for, it reads at once")
    func asked() throws {
        try write(old)
        let served = try load()
        try write(new)
        let prepared = try served.prepare(configuration())
        #expect(isServed(old, by: served))
        guard case .replaced = served.adopt(prepared) else { throw Unexpected() }
        guard case .none = served.adopt(try served.prepare(configuration())) else { throw Unexpected() }
        #expect(isServed(new, by: served))
    }

    @Test("a chain that gets its issuer is asked about at once, and one that stays as it is goes on")
    func mendedChain() throws {
        let identity = try EphemeralAuthority(hasIntermediate: true).server {
            $0.ocspResponder = "http://127.0.0.1:1/ocsp"
        }
        let leaf = identity.certificate.pem
        _ = try directory.write(leaf, to: "chain.pem")
        _ = try directory.write(identity.key.pem(), to: "key.pem", mode: 0o600)
        var configuration = configuration()
        configuration.certificates[0].ocsp = .fetch
        let served = try ServedCertificates(configuration, listener: "127.0.0.1:8443")
        let first = try #require(served.staplings.first)
        #expect(throws: OCSPProblem.noIssuer) { try OCSPResponse.request(for: first.chain) }
        first.failed("no issuer", at: .now)
        _ = served.adopt(try served.prepare(configuration))
        #expect(served.staplings.first === first)
        _ = try directory.write(identity.chainPEM, to: "chain.pem")
        _ = served.adopt(try served.prepare(configuration))
        let mended = try #require(served.staplings.first)
        #expect(mended.due(at: .now) != nil && mended.problem() == nil)
        #expect(try !OCSPResponse.request(for: mended.chain).isEmpty)
    }

    @Test("what was read before something else was adopted is not served after it")
    func outdated() throws {
        try write(old)
        let served = try load()
        let early = try served.prepare(configuration())
        try write(new)
        guard case .replaced = served.adopt(try served.prepare(configuration())) else { throw Unexpected() }
        guard case .none = served.adopt(early, unlessOutdated: true) else { throw Unexpected() }
        #expect(isServed(new, by: served))
    }

    @Test("keys of tickets come from files, and a bad one is told with what makes a good one")
    func ticketKeys() throws {
        try write(old)
        let file = try directory.write(String(repeating: "k", count: 80), to: "tickets")
        let served = try load(ticketKeys: [file])
        _ = try directory.write("short", to: "tickets")
        let reason = reason(look(served))
        #expect(reason?.contains("has 5 bytes") == true && reason?.contains("openssl rand 80") == true)
        #expect(throws: TicketKeyFileError.self) { try load(ticketKeys: [file]) }
    }

    private struct Unexpected: Error {}
}

@Suite("Notices of certificates that end")
struct ExpiryNoticesTests {
    @Test("each threshold is told once, and a certificate that was far from its end is not")
    func thresholds() throws {
        let end = CertificateTime.now.adding(days: 100)
        let certificate = try EphemeralAuthority().server { $0.notAfter = end }.certificate
        var notices = ExpiryNotices()
        var told: [Int] = []
        for days in stride(from: 60, through: -2, by: -1) {
            for _ in 0..<2 {
                if let threshold = notices.due(certificate, now: end.adding(days: -days)) { told.append(threshold) }
            }
        }
        #expect(told == [30, 14, 7, 3, 1, 0])
    }

    @Test("a gateway that starts late tells once where things stand", arguments: [(20, 30), (5, 7), (1, 1), (0, 0)])
    func late(days: Int, threshold: Int) throws {
        let end = CertificateTime.now.adding(days: 100)
        let certificate = try EphemeralAuthority().server { $0.notAfter = end }.certificate
        var notices = ExpiryNotices()
        #expect(notices.due(certificate, now: end.adding(days: -days)) == threshold)
        #expect(notices.due(certificate, now: end.adding(days: -days)) == nil)
    }
}
