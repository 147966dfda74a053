import HookgateTesting
import NIOCore
import OpenSSL
import Testing

@Suite("TLSSession")
struct TLSSessionTests {
    static let identity = Result { try EphemeralAuthority(hasIntermediate: true).server() }
    static let versions = TLSPolicy.Version.allCases
    let identity: ServerIdentity

    init() throws {
        identity = try Self.identity.get()
    }

    private func only(_ version: TLSPolicy.Version) -> TLSPolicy {
        TLSPolicy(minimumVersion: version, maximumVersion: version)
    }

    private func pair(client: TLSPolicy = TLSPolicy(), server: TLSPolicy = TLSPolicy()) throws -> SessionPair {
        try SessionPair(client: identity.clientContext(policy: client), server: identity.serverContext(policy: server))
    }

    @Test(
        "shakes hands and speaks both ways, whatever the pieces",
        arguments: versions,
        [1, 2, 3, 7, 100, 1400, Int.max]
    )
    func handshake(version: TLSPolicy.Version, chunk: Int) throws {
        var pair = try pair(client: only(version))
        pair.shakeHands(chunk: chunk)
        #expect(pair.clientStep == .done)
        #expect(pair.serverStep == .done)
        #expect(pair.server.version == "TLSv\(version.rawValue)")
        #expect(pair.server.negotiatedProtocol == "http/1.1")
        #expect(pair.clientSays("question") == ("question", .needsInput))
        #expect(pair.serverSays("answer") == ("answer", .needsInput))
    }

    @Test("a record that comes in two parts is read when it is whole", arguments: versions)
    func splitRecord(version: TLSPolicy.Version) throws {
        var pair = try pair(client: only(version))
        pair.shakeHands()
        _ = pair.client.write(ByteBuffer(string: "split anywhere"))
        let record = try pair.client.sent()
        for cut in 1..<record.readableBytes {
            var rest = record
            if cut > 1 {
                _ = pair.client.write(ByteBuffer(string: "split anywhere"))
                rest = try pair.client.sent()
            }
            let slice = rest.readSlice(length: cut)
            let head = try #require(slice)
            pair.server.receive(head)
            #expect(pair.server.readText() == ("", .needsInput))
            pair.server.receive(rest)
            #expect(pair.server.readText() == ("split anywhere", .needsInput))
        }
    }

    @Test("carries more than a record holds", arguments: versions, [16 * 1024, 16 * 1024 + 1, 300_000])
    func large(version: TLSPolicy.Version, size: Int) throws {
        var pair = try pair(client: only(version))
        pair.shakeHands()
        let text = String(repeating: "0123456789", count: size / 10 + 1).prefix(size)
        #expect(pair.clientSays(String(text)) == (String(text), .needsInput))
    }

    @Test("speaks no version below its policy's", arguments: [(TLSPolicy.Version.tls12, TLSPolicy.Version.tls13)])
    func versionMismatch(client: TLSPolicy.Version, server: TLSPolicy.Version) throws {
        var pair = try pair(client: only(client), server: only(server))
        pair.shakeHands()
        guard case .failed(let reasons) = pair.serverStep else {
            Issue.record("\(pair.serverStep)")
            return
        }
        #expect(reasons.first?.reason == "unsupported protocol")
        #expect(pair.clientStep != .done && pair.clientStep != .needsInput)  // it got the alert
    }

    @Test("refuses a client that only speaks other protocols, and takes one that names none")
    func protocols() throws {
        var other = try pair(client: TLSPolicy(applicationProtocols: ["h2", "spdy"]))
        other.shakeHands()
        guard case .failed(let reasons) = other.serverStep else {
            Issue.record("\(other.serverStep)")
            return
        }
        #expect(reasons.first?.reason == "no application protocol")
        var none = try pair(client: TLSPolicy(applicationProtocols: []))
        none.shakeHands()
        #expect(none.serverStep == .done)
        #expect(none.server.negotiatedProtocol == nil)
    }

    @Test("the server's order of protocols holds")
    func protocolOrder() throws {
        var pair = try pair(
            client: TLSPolicy(applicationProtocols: ["b", "a", "http/1.1"]),
            server: TLSPolicy(applicationProtocols: ["missing", "a", "b"])
        )
        pair.shakeHands()
        #expect(pair.server.negotiatedProtocol == "a")
        #expect(pair.client.negotiatedProtocol == "a")
    }

    @Test("verifies the name or address it was asked for", arguments: ["localhost", "127.0.0.1", "::1"])
    func rightName(name: String) throws {
        var pair = try SessionPair(
            client: identity.clientContext(),
            server: identity.serverContext(),
            serverName: name
        )
        pair.shakeHands()
        #expect(pair.clientStep == .done)
    }

    @Test("refuses another name or address", arguments: ["localhost.evil.example", "127.0.0.2", "::2", "LOCAL"])
    func wrongName(name: String) throws {
        var pair = try SessionPair(
            client: identity.clientContext(),
            server: identity.serverContext(),
            serverName: name
        )
        pair.shakeHands()
        guard case .failed(let reasons) = pair.clientStep else {
            Issue.record("\(pair.clientStep)")
            return
        }
        #expect(reasons.first?.reason.contains("mismatch") == true, "\(reasons)")
    }

    @Test(
        "a name that cannot be one is an error at once",
        arguments: ["", "a\u{0}b", String(repeating: "x", count: 300)]
    )
    func impossibleName(name: String) throws {
        let client = try identity.clientContext()
        #expect(throws: OpenSSLError.self) { _ = try TLSSession(context: client, serverName: name) }
    }

    @Test("refuses a chain it does not trust, with the reason first")
    func untrusted() throws {
        let stranger = try EphemeralAuthority().server()
        var pair = try SessionPair(client: stranger.clientContext(), server: identity.serverContext())
        pair.shakeHands()
        guard case .failed(let reasons) = pair.clientStep else {
            Issue.record("\(pair.clientStep)")
            return
        }
        #expect(reasons.first?.reason == "unable to get local issuer certificate")
        var careless = try SessionPair(client: .client(trust: .anybody), server: identity.serverContext())
        careless.shakeHands()
        #expect(careless.clientStep == .done)
    }

    @Test("resumes with a ticket, and needs none of its memory for it", arguments: versions)
    func resumption(version: TLSPolicy.Version) throws {
        let client = try identity.clientContext(policy: only(version))
        let server = try identity.serverContext()
        var first = try SessionPair(client: client, server: server)
        first.shakeHands()
        #expect(first.serverSays("hello") == ("hello", .needsInput))  // a TLS 1.3 client reads its ticket here
        #expect(first.server.isResumed == false)
        let resumable = first.client.resumable
        let ticket = try #require(resumable)
        var second = try SessionPair(client: client, server: server, resuming: ticket)
        second.shakeHands()
        #expect(second.serverStep == .done)
        #expect(second.server.isResumed == true)
        #expect(second.client.isResumed == true)
        #expect(second.clientSays("again") == ("again", .needsInput))
    }

    @Test("does not renegotiate")
    func renegotiation() throws {
        var pair = try pair(client: only(.tls12))
        pair.shakeHands()
        // Our own client refuses to try: the option is set on both ends.
        guard case .failed(let reasons) = pair.client.renegotiate() else {
            Issue.record("it began to renegotiate")
            return
        }
        #expect(reasons.first?.reason == "no renegotiation")
        #expect(pair.clientSays("still here") == ("still here", .needsInput))
    }

    @Test("answers a request for new keys with one record, and goes on")
    func keyUpdate() throws {
        var pair = try pair()
        pair.shakeHands()
        for _ in 0..<3 {
            #expect(pair.client.updateKeys() == .done)
            #expect(pair.clientSays("after") == ("after", .needsInput))
            #expect(pair.serverSays("me too") == ("me too", .needsInput))
        }
    }

    @Test("leaves no ciphertext behind once it was taken")
    func takesOnce() throws {
        var pair = try pair()
        pair.shakeHands()
        _ = pair.client.write(ByteBuffer(string: "x"))
        #expect(pair.client.waitingCiphertext > 0)
        #expect(pair.client.takeCiphertext() != nil)
        #expect(pair.client.waitingCiphertext == 0)
        #expect(pair.client.takeCiphertext() == nil)
    }
}
