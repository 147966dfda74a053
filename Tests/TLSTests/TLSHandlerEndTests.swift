import NIOCore
import NIOEmbedded
import NIOTLS
import OpenSSL
import TLS
import Testing

@Suite("TLSHandler at the end of a connection")
struct TLSHandlerEndTests {
    @Test("a close says goodbye after what was flushed, and the other end hears both")
    func close() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.clientSide.entries = []
        let written = pair.server.writeAndFlush(ByteBuffer(string: "last words"))
        let closed = pair.server.close()
        #expect(written.error == nil)
        try pair.exchange()
        #expect(pair.clientSide.plaintext == "last words")
        #expect(pair.clientSide.events == ["\(TLSUserEvent.shutdownCompleted)"])
        #expect(pair.clientSide.errors.isEmpty)
        // The client has answered and closed; the server drops what comes and closes when time is up.
        #expect(!pair.client.isActive)
        #expect(!closed.isCompleted)
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(closed.isCompleted && closed.error == nil)
        #expect(pair.serverWire.closedModes == [.output, .all])
        #expect(pair.serverSide.errors.isEmpty)
    }

    @Test("the peer's end of the connection ends the lingering")
    func lingeringEnds() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        let first = pair.server.close()
        let second = pair.server.close()
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(first.isCompleted && second.isCompleted)
        #expect(first.error == nil && second.error == nil)
        #expect(!pair.server.isActive)
    }

    @Test("lingering drops a bounded number of bytes")
    func lingeringIsBounded() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        let closed = pair.server.close()
        let chunk = ByteBuffer(repeating: 0, count: 16 * 1024)
        for _ in 0..<4 { try pair.deliver([chunk], to: pair.server) }
        #expect(!closed.isCompleted)
        try pair.deliver([chunk], to: pair.server)
        #expect(closed.isCompleted)
        #expect(!pair.server.isActive)
        #expect(pair.serverSide.plaintext.isEmpty)
    }

    @Test("a peer that does not read is waited for, but not for ever")
    func flushTimeout() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverWire.holds = true
        let closed = pair.server.close()
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(!closed.isCompleted)
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(closed.isCompleted)
        #expect(!pair.server.isActive)
        pair.serverWire.release()
    }

    @Test("after a close nothing more is written")
    func writeAfterClose() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        let unflushed = pair.server.write(ByteBuffer(string: "too late"))
        pair.server.close(promise: nil)
        let late = pair.server.writeAndFlush(ByteBuffer(string: "later still"))
        #expect(unflushed.error as? ChannelError == .outputClosed)
        #expect(late.error as? ChannelError == .outputClosed)
        try pair.exchange()
        #expect(pair.clientSide.plaintext.isEmpty)
    }

    @Test("a goodbye is answered, and writes after it fail")
    func answered() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverSide.onRead = { context, _ in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "in time")), promise: nil)
        }
        pair.client.writeAndFlush(ByteBuffer(string: "goodbye"), promise: nil)
        pair.client.close(promise: nil)
        for buffer in try pair.bytes(from: pair.client) { try pair.deliver([buffer], to: pair.server) }
        #expect(pair.serverSide.plaintext == "goodbye")
        #expect(pair.serverSide.events.last == "\(TLSUserEvent.shutdownCompleted)")
        let late = pair.server.writeAndFlush(ByteBuffer(string: "too late"))
        #expect(late.error is ChannelError)
        #expect(!pair.server.isActive)
        #expect(pair.serverSide.errors.isEmpty)
    }

    @Test("a peer that has said goodbye still gets its reply where half-closure is allowed")
    func owedReply() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.server.allowRemoteHalfClosure = true
        pair.serverSide.entries = []
        pair.client.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        try pair.client.close(mode: .output).wait()
        try pair.deliver(pair.bytes(from: pair.client), to: pair.server)
        // The peer's bytes end too, as they do when it shuts its socket down for writing.
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.serverSide.plaintext == "question")
        #expect(pair.serverSide.events == ["inputClosed"])
        #expect(pair.serverSide.errors.isEmpty)
        let reply = pair.server.writeAndFlush(ByteBuffer(string: "answer"))
        #expect(reply.error == nil)
        let closed = pair.server.close()
        try pair.exchange()
        #expect(pair.clientSide.plaintext == "answer")
        #expect(closed.isCompleted && closed.error == nil)
        #expect(!pair.server.isActive)
    }

    @Test("an output close says goodbye and still reads")
    func closeOutput() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        let closed = pair.client.close(mode: .output)
        #expect(closed.isCompleted && closed.error == nil)
        #expect(pair.client.writeAndFlush(ByteBuffer(string: "x")).error as? ChannelError == .outputClosed)
        #expect(pair.client.close(mode: .output).error as? ChannelError == .outputClosed)
        pair.server.writeAndFlush(ByteBuffer(string: "still heard"), promise: nil)
        try pair.deliver(pair.bytes(from: pair.server), to: pair.client)
        #expect(pair.clientSide.plaintext == "still heard")
    }

    @Test("a connection that ends without a goodbye is told from one that ends with it")
    func truncation() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.server.close(mode: .all, promise: nil)
        let cut = try ConnectedPair()
        try cut.connect()
        cut.serverSide.entries = []
        cut.server.pipeline.fireChannelInactive()
        #expect(cut.serverSide.entries == [.error("\(TLSError.truncated)"), .inactive])
    }

    @Test("half-closure without a goodbye is told once and leaves the reply its way")
    func halfClosure() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.serverSide.entries = []
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.serverSide.entries == [.error("\(TLSError.truncated)"), .event("inputClosed")])
        let reply = pair.server.writeAndFlush(ByteBuffer(string: "reply"))
        #expect(reply.error == nil)
        try pair.exchange()
        #expect(pair.clientSide.plaintext == "reply")
        pair.server.close(promise: nil)
        #expect(!pair.server.isActive)
        #expect(pair.serverSide.errors.count == 1)
    }

    @Test("the handshake has until its deadline")
    func handshakeTimeout() throws {
        let pair = try ConnectedPair()
        try pair.server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let write = pair.server.writeAndFlush(ByteBuffer(string: "never"))
        pair.server.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
        #expect(pair.server.isActive)
        pair.server.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!pair.server.isActive)
        #expect(pair.serverSide.errors.map { $0 as? TLSError } == [.handshakeTimedOut])
        #expect(write.error as? TLSError == .handshakeTimedOut)
    }

    @Test("after the handshake the deadline is gone")
    func deadlineCancelled() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        pair.server.embeddedEventLoop.advanceTime(by: .hours(1))
        pair.client.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(pair.server.isActive && pair.client.isActive)
        #expect(pair.serverSide.errors.isEmpty && pair.clientSide.errors.isEmpty)
    }

    @Test("a connection may die at any byte of the handshake")
    func death() throws {
        let probe = try ConnectedPair()
        try probe.server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try probe.client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let length = try #require(try probe.bytes(from: probe.client).first).readableBytes
        for cut in 0...length {
            let pair = try ConnectedPair()
            try pair.server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            try pair.client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            var hello = try #require(try pair.bytes(from: pair.client).first)
            let part = hello.readSlice(length: min(cut, hello.readableBytes)) ?? ByteBuffer()
            try pair.deliver([part], to: pair.server)
            pair.server.pipeline.fireChannelInactive()
            #expect(pair.serverSide.errors.map { $0 as? TLSError } == [.closedDuringHandshake], "after \(cut) bytes")
            #expect(pair.serverSide.entries.last == .inactive)
        }
    }

    @Test(
        "plain HTTP is told where it is",
        arguments: [
            "GET / HTTP/1.1\r\n\r\n", "POST /hooks HTTP/1.1\r\nHost: x\r\n", "HEAD / HTTP/1.0\r\n",
            "DELETE /x HTTP/1.1",
            "OPTIONS * HTTP/1.1", "PUT /x HTTP/1.1", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT x:1 HTTP/1.1",
        ],
        [1, Int.max]
    )
    func plainHTTP(request: String, chunk: Int) throws {
        let pair = try ConnectedPair()
        try pair.server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try pair.deliver([ByteBuffer(string: request)], to: pair.server, chunk: chunk)
        let reply = String(buffer: try #require(try pair.bytes(from: pair.server).first))
        #expect(reply.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(reply.contains("\r\nConnection: close\r\n"))
        #expect(reply.contains("\r\n\r\nThis port speaks HTTPS"))
        #expect(pair.serverSide.errors.map { $0 as? TLSError } == [.plaintextHTTP])
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!pair.server.isActive)
    }

    @Test(
        "noise is closed on without a word of HTTP",
        arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}"]
    )
    func noise(text: String) throws {
        let pair = try ConnectedPair()
        try pair.server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try pair.deliver([ByteBuffer(string: text)], to: pair.server)
        guard case .handshakeFailed = pair.serverSide.errors.first as? TLSError else {
            Issue.record("\(pair.serverSide.entries)")
            return
        }
        #expect(try pair.bytes(from: pair.server).allSatisfy { !String(buffer: $0).hasPrefix("HTTP") })
        pair.server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!pair.server.isActive)
    }
}
