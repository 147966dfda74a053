import HookgateTesting
import NIOCore
import OpenSSL
import Testing

@Suite("TLSSession at its end")
struct TLSSessionEndTests {
    static let identity = Result { try EphemeralAuthority(hasIntermediate: true).server() }
    static let versions = TLSPolicy.Version.allCases
    let server: TLSContext

    init() throws {
        server = try Self.identity.get().serverContext()
    }

    private func client(_ version: TLSPolicy.Version) throws -> TLSContext {
        try Self.identity.get().clientContext(policy: TLSPolicy(minimumVersion: version, maximumVersion: version))
    }

    /// A pair that has shaken hands.
    private func pair(_ version: TLSPolicy.Version) throws -> SessionPair {
        var pair = try SessionPair(client: client(version), server: server)
        pair.shakeHands()
        #expect(pair.serverStep == .done)
        return pair
    }

    @Test("a goodbye is told from a cut", arguments: versions)
    func goodbye(version: TLSPolicy.Version) throws {
        var pair = try pair(version)
        _ = pair.client.write(ByteBuffer(string: "last words"))
        pair.client.close()
        let words = try pair.client.sent()
        pair.server.receive(words)
        #expect(pair.server.readText() == ("last words", .peerClosed))
        pair.server.close()
        let answer = try pair.server.sent()
        pair.client.receive(answer)
        #expect(pair.client.readText() == ("", .peerClosed))
    }

    @Test("a cut is noticed wherever it falls", arguments: versions)
    func truncation(version: TLSPolicy.Version) throws {
        var probe = try pair(version)
        _ = probe.client.write(ByteBuffer(string: "cut me"))
        let length = try probe.client.sent().readableBytes
        for cut in 0...length {
            var pair = try pair(version)
            _ = pair.client.write(ByteBuffer(string: "cut me"))
            var record = try pair.client.sent()
            if let part = record.readSlice(length: cut), cut > 0 { pair.server.receive(part) }
            pair.server.receiveEnd()
            #expect(pair.server.readText() == (cut == length ? "cut me" : "", .truncated), "cut at \(cut)")
        }
    }

    @Test("a handshake may die at any byte, on either side", arguments: versions)
    func death(version: TLSPolicy.Version) throws {
        let context = try client(version)
        var probe = try SessionPair(client: context, server: server)
        _ = probe.client.handshake()
        let hello = try probe.client.sent()
        probe.server.receive(hello)
        _ = probe.server.handshake()
        let flight = try probe.server.sent()
        for cut in 0..<hello.readableBytes {
            var session = try TLSSession(context: server)
            let (step, end) = session.handshakeCut(hello, at: cut)
            #expect(step == .needsInput, "server after \(cut) bytes")
            #expect(end != .needsInput && end != .done, "server after \(cut) bytes")
        }
        for cut in 0..<flight.readableBytes {
            var session = try TLSSession(context: context, serverName: "localhost")
            #expect(session.handshake() == .needsInput)
            let own = try session.sent()
            var peer = try TLSSession(context: server)
            peer.receive(own)
            _ = peer.handshake()
            let answer = try peer.sent()
            let (_, end) = session.handshakeCut(answer, at: min(cut, answer.readableBytes - 1))
            #expect(end != .needsInput && end != .done, "client after \(cut) bytes")
        }
    }

    @Test("any damaged byte of the client's first flight ends in an answer, not in a crash")
    func damage() throws {
        var probe = try TLSSession(context: client(.tls13), serverName: "localhost")
        _ = probe.handshake()
        let hello = try probe.sent()
        for index in 0..<hello.readableBytes {
            var damaged = hello
            let old = try #require(damaged.getInteger(at: index, as: UInt8.self))
            damaged.setInteger(old ^ 0xFF, at: index)
            var session = try TLSSession(context: server)
            session.receive(damaged)
            let step = session.handshake()
            // A bit that nobody looks at leaves a good hello, a longer length a wait; nothing is done after one flight.
            #expect(step != .done, "byte \(index)")
            session.receiveEnd()
            if step == .needsInput { #expect(session.handshake() != .done, "byte \(index)") }
        }
    }

    @Test(
        "noise is refused",
        arguments: ["\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}HELLO"]
    )
    func noise(text: String) throws {
        var session = try TLSSession(context: server)
        session.receive(ByteBuffer(string: text))
        guard case .failed(let reasons) = session.handshake() else {
            Issue.record("noise was taken for a handshake")
            return
        }
        #expect(reasons.first?.reason.isEmpty == false)
    }

    @Test("a damaged record ends the connection with an alert", arguments: versions)
    func damagedRecord(version: TLSPolicy.Version) throws {
        var pair = try pair(version)
        _ = pair.client.write(ByteBuffer(string: "payload"))
        var record = try pair.client.sent()
        let last = record.writerIndex - 1
        record.setInteger(try #require(record.getInteger(at: last, as: UInt8.self)) ^ 1, at: last)
        pair.server.receive(record)
        let (text, step) = pair.server.readText()
        #expect(text.isEmpty)
        guard case .failed(let reasons) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(reasons.contains { $0.reason == "decryption failed or bad record mac" })
        let alert = try pair.server.sent()
        pair.client.receive(alert)
        guard case (_, .failed) = pair.client.readText() else {
            Issue.record("the client did not notice the alert")
            return
        }
    }
}

extension TLSSession {
    /// What follows from the first `cut` bytes of a flight, and then from the end of all bytes.
    fileprivate mutating func handshakeCut(_ flight: ByteBuffer, at cut: Int) -> (Step, Step) {
        var rest = flight
        if cut > 0, let part = rest.readSlice(length: cut) { receive(part) }
        let step = handshake()
        receiveEnd()
        return (step, handshake())
    }
}
