import HookgateTesting
import NIOCore
import NIOPosix
import OpenSSL
import Testing

@testable import Delivery

/// Destinations over TLS, against real servers with all kinds of certificates.
@Suite(.timeLimit(.minutes(4))) struct SecureDestinationTests {
    static let authority = Result { try EphemeralAuthority(hasIntermediate: true) }
    private let group = MultiThreadedEventLoopGroup.singleton
    private let authority: EphemeralAuthority

    init() throws {
        authority = try Self.authority.get()
    }

    private func bench(
        _ backend: RecordingBackend,
        host: String = "localhost",
        trusting identity: ServerIdentity,
        change: (inout DestinationTLS) throws -> Void = { _ in }
    ) async throws -> SocketBench {
        var destination = Destination(name: "crm", host: host, port: backend.port, target: "/events")
        destination.timeout = .minutes(3)
        destination.concurrency = 1
        let policy = TLSPolicy(applicationProtocols: ["http/1.1"])
        var tls = DestinationTLS(context: try identity.clientContext(policy: policy), serverName: host)
        try change(&tls)
        destination.tls = tls
        return try await SocketBench([destination])
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `events arrive over one verified connection`(host: String) async throws {
        let identity = try authority.server()
        let backend = try await RecordingBackend.start(on: group, tls: identity.serverContext())
        let bench = try await bench(backend, host: host, trusting: identity)
        for number in 1...3 { #expect(try await bench.forward(makeEvent(number)) == .delivered(status: 200)) }
        #expect(backend.requests.map(\.connection) == [1, 1, 1])
        #expect(backend.requests.first?.header("host") == "\(host):\(backend.port)")
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `an expired certificate, another name and an unknown authority each have their word`() async throws {
        let good = try authority.server()
        let expired = try authority.server { builder in
            builder.notBefore = CertificateTime.now.adding(days: -9)
            builder.notAfter = CertificateTime.now.adding(days: -1)
        }
        let early = try authority.server { $0.notBefore = CertificateTime.now.adding(days: 1) }
        let named = try authority.server(names: ["other.example"])
        let unknown = try EphemeralAuthority().server()
        for (identity, word) in [
            (expired, "certificate_expired"), (early, "certificate_expired"), (named, "certificate_wrong_name"),
            (unknown, "certificate_untrusted"), (try ServerIdentity.selfSigned(), "certificate_untrusted"),
        ] {
            let backend = try await RecordingBackend.start(on: group, tls: identity.serverContext())
            let bench = try await bench(backend, trusting: good)
            #expect(try await bench.forward() == .unreachable(word))
            #expect(backend.requests.isEmpty)
            try await bench.drain()
            try await backend.stop()
        }
    }

    @Test func `a name of its own is asked for and verified, whatever the address says`() async throws {
        let identity = try authority.server(names: ["crm.internal"])
        let backend = try await RecordingBackend.start(on: group, tls: identity.serverContext())
        let bench = try await bench(backend, host: "127.0.0.1", trusting: identity) { $0.serverName = "crm.internal" }
        #expect(try await bench.forward() == .delivered(status: 200))
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a pinned key is let in and others are not, and the old pin does not harm`() async throws {
        let identity = try authority.server()
        let other = try authority.server()
        let backend = try await RecordingBackend.start(on: group, tls: identity.serverContext())
        for (pins, outcome) in [
            ([identity, other], AttemptOutcome.delivered(status: 200)), ([other], .unreachable("certificate_unpinned")),
        ] {
            let bench = try await bench(backend, trusting: identity) { tls in
                tls.pins = try pins.map { try $0.certificate.publicKeyPin() }
            }
            #expect(try await bench.forward() == outcome)
            try await bench.drain()
        }
        #expect(backend.requests.count == 1)
        try await backend.stop()
    }

    @Test(arguments: TLSPolicy.Version.allCases)
    func `a connection after the first resumes its session`(version: TLSPolicy.Version) async throws {
        let identity = try authority.server()
        let keys = try TicketKeys()
        let chain = try CertificateChain(pem: identity.chainPEM, name: "test")
        let context = try TLSContext.server(
            .init([TLSIdentity(chain: chain, key: identity.key)]),
            policy: TLSPolicy(minimumVersion: version, maximumVersion: version),
            tickets: keys
        )
        // Every answer ends its connection.
        let closing: [RecordingBackend.Action] = [
            .send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"), .close,
        ]
        let backend = try await RecordingBackend.start(on: group, tls: context) { _ in closing }
        let bench = try await bench(backend, trusting: identity)
        for number in 1...3 { #expect(try await bench.forward(makeEvent(number)) == .delivered(status: 200)) }
        #expect(backend.requests.map(\.connection) == [1, 2, 3])
        #expect(keys.opened == 2)
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a backend that does not speak TLS is said to fail at it`() async throws {
        let backend = try await RecordingBackend.start(on: group, greeting: [.send("220 mail ready\r\n")])
        let bench = try await bench(backend, trusting: authority.server())
        #expect(try await bench.forward() == .unreachable("tls_failed"))
        try await bench.drain()
        try await backend.stop()
    }
}
