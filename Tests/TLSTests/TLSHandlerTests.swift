import HookgateTesting
import NIOCore
import NIOEmbedded
import NIOTLS
import OpenSSL
import TLS
import Testing

@Suite("TLSHandler")
struct TLSHandlerTests {
    static let versions = TLSPolicy.Version.allCases

    private func only(_ version: TLSPolicy.Version) -> TLSPolicy {
        TLSPolicy(minimumVersion: version, maximumVersion: version)
    }

    @Test(
        "shakes hands, tells both ends and carries plaintext, whatever the pieces",
        arguments: versions,
        [1, 5, Int.max]
    )
    func plaintext(version: TLSPolicy.Version, chunk: Int) throws {
        let pair = try ConnectedPair(clientPolicy: only(version))
        try pair.connect(chunk: chunk)
        let completed = "\(TLSUserEvent.handshakeCompleted(negotiatedProtocol: "http/1.1"))"
        #expect(pair.serverSide.events == [completed])
        #expect(pair.clientSide.events == [completed])
        pair.client.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        try pair.exchange(chunk: chunk)
        #expect(pair.serverSide.plaintext == "question")
        pair.server.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        try pair.exchange(chunk: chunk)
        #expect(pair.clientSide.plaintext == "answer")
        #expect(pair.serverSide.errors.isEmpty && pair.clientSide.errors.isEmpty)
    }

    @Test("the server's flight is one write")
    func flight() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        // Hello to Finished, then the ticket.
        #expect(pair.serverWire.writes.count == 2)
        #expect(pair.serverWire.flushes == 2)
    }

    @Test("a ticket and the reply to a request that came with the end of the handshake leave together")
    func ticketAndReply() throws {
        let pair = try ConnectedPair()
        pair.client.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        try pair.connect(joined: true)
        #expect(pair.serverSide.plaintext == "question")
        // The flight alone: the ticket waits.
        #expect(pair.serverWire.flushes == 1)
        pair.server.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        #expect(pair.serverWire.flushes == 2)
        #expect(pair.serverWire.writes.count == 2)
        try pair.exchange()
        #expect(pair.clientSide.plaintext == "answer")
        #expect(pair.serverSide.errors.isEmpty && pair.clientSide.errors.isEmpty)
    }

    @Test("a ticket leaves before the goodbye of one who closes without a reply, and with it")
    func ticketAndGoodbye() throws {
        let pair = try ConnectedPair()
        pair.serverSide.onRead = { context, _ in context.close(promise: nil) }
        pair.client.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        try pair.connect(joined: true)
        #expect(pair.serverSide.plaintext == "question")
        #expect(pair.serverWire.writes.count == 2)
        #expect(pair.clientSide.events.last == "\(TLSUserEvent.shutdownCompleted)")
        #expect(pair.serverSide.errors.isEmpty && pair.clientSide.errors.isEmpty)
    }

    @Test("what is written before the handshake ends is sent after it, as far as it was flushed")
    func earlyWrites() throws {
        let pair = try ConnectedPair()
        let flushed = pair.client.write(ByteBuffer(string: "early "))
        pair.client.flush()
        let kept = pair.client.write(ByteBuffer(string: "late"))
        try pair.connect()
        #expect(flushed.isCompleted)
        #expect(pair.serverSide.plaintext == "early ")
        #expect(!kept.isCompleted)
        pair.client.flush()
        try pair.exchange()
        #expect(pair.serverSide.plaintext == "early late")
        #expect(kept.isCompleted && kept.error == nil)
    }

    @Test("only a flush encrypts, and small neighbours share a record")
    func coalescing() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverWire.writes = []
        let head = pair.server.write(ByteBuffer(string: "head "))
        let body = pair.server.write(ByteBuffer(string: "body"))
        let end = pair.server.write(ByteBuffer())
        #expect(pair.serverWire.writes.isEmpty)
        #expect(![head, body, end].contains { $0.isCompleted })
        pair.server.flush()
        #expect(pair.serverWire.writes.count == 1)
        // One header and one tag: RFC 8446 section 5.2.
        #expect(pair.serverWire.writtenBytes == 9 + 5 + 1 + 16)
        #expect([head, body, end].allSatisfy { $0.isCompleted && $0.error == nil })
        try pair.exchange()
        #expect(pair.clientSide.entries.filter { $0 == .read("head body") }.count == 1)
    }

    @Test("what one flush sends is one write, however much it is")
    func largeFlush() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverWire.writes = []
        let text = String(repeating: "0123456789abcdef", count: 2000)
        for _ in 0..<3 { pair.server.write(ByteBuffer(string: text), promise: nil) }
        pair.server.flush()
        #expect(pair.serverWire.writes.count == 1)
        try pair.exchange()
        #expect(pair.clientSide.plaintext == text + text + text)
    }

    @Test("a flush of nothing succeeds")
    func emptyWrite() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        let written = pair.server.writeAndFlush(ByteBuffer())
        #expect(written.isCompleted && written.error == nil)
        try pair.exchange()
        #expect(pair.clientSide.plaintext.isEmpty)
    }

    @Test("the promise of a write is the promise of its ciphertext")
    func writePromises() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverWire.holds = true
        let first = pair.server.writeAndFlush(ByteBuffer(string: "held"))
        #expect(!first.isCompleted)
        pair.serverWire.release()
        #expect(first.isCompleted && first.error == nil)
        let one = pair.server.write(ByteBuffer(string: "both"))
        let other = pair.server.write(ByteBuffer(string: "fail"))
        pair.server.flush()
        pair.serverWire.release(with: ChannelError.connectTimeout(.seconds(1)))
        #expect(one.error is ChannelError && other.error is ChannelError)
    }

    @Test("a batch of records is handed on at once, and the end of the batch once")
    func batches() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        for text in ["one ", "two ", "three"] { pair.client.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        var joined = ByteBuffer()
        for buffer in try pair.bytes(from: pair.client) { joined.writeImmutableBuffer(buffer) }
        pair.serverSide.entries = []
        try pair.deliver([joined], to: pair.server)
        #expect(pair.serverSide.entries == [.read("one two three"), .readComplete])
    }

    @Test("whoever asked for plaintext is not left waiting behind half a record")
    func readDebt() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.client.writeAndFlush(ByteBuffer(string: "in two parts"), promise: nil)
        var record = try #require(try pair.bytes(from: pair.client).first)
        let slice = record.readSlice(length: 10)
        pair.server.read()
        let before = pair.serverWire.reads
        try pair.deliver([try #require(slice)], to: pair.server)
        #expect(pair.serverWire.reads == before + 1)
        try pair.deliver([record], to: pair.server)
        #expect(pair.serverSide.plaintext == "in two parts")
        #expect(pair.serverWire.reads == before + 1)
    }

    @Test("passes on what it does not own")
    func passesOn() throws {
        struct Custom: Equatable, CustomStringConvertible { let description = "custom" }
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverSide.entries = []
        let pipeline = pair.server.pipeline
        pipeline.fireUserInboundEventTriggered(Custom())
        pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        pipeline.fireErrorCaught(ChannelError.inputClosed)
        pipeline.fireChannelWritabilityChanged()
        pipeline.fireChannelReadComplete()
        #expect(
            pair.serverSide.entries == [
                .event("custom"), .event("\(ChannelShouldQuiesceEvent())"), .error("\(ChannelError.inputClosed)"),
                .writability, .readComplete,
            ]
        )
        let outbound = OutboundEvents()
        try pipeline.syncOperations.addHandler(outbound, position: .first)
        let triggered = pipeline.triggerUserOutboundEvent(Custom())
        #expect(triggered.isCompleted)
        #expect(outbound.events == ["custom"])
    }

    @Test("a handshake that fails tells both ends why")
    func failure() throws {
        let pair = try ConnectedPair(serverName: "other.example")
        try pair.connect()
        guard case .handshakeFailed(let reasons) = pair.clientSide.errors.first as? TLSError else {
            Issue.record("\(pair.clientSide.entries)")
            return
        }
        #expect(reasons.first?.reason == "hostname mismatch")
        guard case .handshakeFailed(let alerts) = pair.serverSide.errors.first as? TLSError else {
            Issue.record("\(pair.serverSide.entries)")
            return
        }
        #expect(alerts.first?.reason.contains("alert") == true)
        #expect(pair.clientSide.errors.count == 1)
    }

    @Test("a name that cannot be one fails the handshake, not the process")
    func impossibleName() throws {
        let pair = try ConnectedPair(serverName: "a\u{0}b")
        try pair.connect()
        guard case .handshakeFailed = pair.clientSide.errors.first as? TLSError else {
            Issue.record("\(pair.clientSide.entries)")
            return
        }
    }

    @Test("a peer that only asks for new keys is cut off, and little was said to it")
    func keyUpdateFlood() throws {
        let identity = try ConnectedPair.identity.get()
        let pair = try ConnectedPair()
        var session = try TLSSession(context: identity.clientContext(), serverName: "localhost")
        try pair.server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        var step = session.handshake()
        while step == .needsInput {
            if let bytes = session.takeCiphertext() { try pair.deliver([bytes], to: pair.server) }
            for bytes in try pair.bytes(from: pair.server) { session.receive(bytes) }
            step = session.handshake()
        }
        if let bytes = session.takeCiphertext() { try pair.deliver([bytes], to: pair.server) }
        let before = pair.serverWire.writtenBytes
        for _ in 0..<5000 where pair.server.isActive {
            _ = session.updateKeys()
            if let bytes = session.takeCiphertext() { try pair.deliver([bytes], to: pair.server) }
        }
        #expect(pair.serverSide.errors.first as? TLSError == .tooManyRequestsForKeys)
        #expect(pair.serverWire.writtenBytes - before < 20 * 1024)
    }
}

/// What passes below TLS.
private final class OutboundEvents: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var events: [String] = []

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        events.append("\(event)")
        context.triggerUserOutboundEvent(event, promise: promise)
    }
}
