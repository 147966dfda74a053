import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Edge

@Suite struct RequestDecoderTests {
    /// Has more bytes read while the parser is still at work, as a handler that asks for more can cause.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        var more: [String]
        var heads: [String] = []
        var ends = 0

        init(more: [String]) {
            self.more = more
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                heads.append(head.uri)
                if !more.isEmpty { context.pipeline.fireChannelRead(ByteBuffer(string: more.removeFirst())) }
            case .body: break
            case .end: ends += 1
            }
        }
    }

    @Test func `Bytes that come while the parser is at work are parsed after it, in order`() throws {
        let reader = Reader(more: ["x", "POST /b HTTP/1.1\r\nHost: a\r\n", "\r\nPOST /c HTTP/1.1\r\nHost: a\r\n\r\n"])
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers(
            RequestDecoder(
                limits: EdgeLimits(),
                parsers: RequestParsers(EdgeLimits()),
                progress: RequestDecoder.Progress()
            ),
            reader
        )
        try channel.writeInbound(ByteBuffer(string: "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"))
        while !reader.more.isEmpty { try channel.writeInbound(ByteBuffer(string: reader.more.removeFirst())) }
        #expect(reader.heads == ["/a", "/b", "/c"])
        #expect(reader.ends == 3)
        _ = try channel.finish()
    }

    @Test func `Parsers under limits that no connection has any more are let go`() throws {
        let edge = EdgeLoop(responder: ScriptedResponder())
        func limits(_ fields: Int) -> EdgeLimits {
            var limits = EdgeLimits()
            limits.maxHeaderFields = fields
            return limits
        }
        let connection = try EdgeHarness(edge: edge)
        let used = edge.parsers(EdgeLimits())
        weak let unused = edge.parsers(limits(50))
        #expect(unused != nil)
        _ = edge.parsers(limits(60))
        #expect(unused == nil)
        #expect(edge.parsers(EdgeLimits()) === used)
        _ = try connection.channel.finish()
    }

    // MARK: Parsers are lent

    /// Connections of one loop.
    private func connections(_ count: Int) throws -> ([EdgeHarness], RequestParsers) {
        let edge = EdgeLoop(responder: ScriptedResponder())
        let harnesses = try (0..<count).map { _ in try EdgeHarness(edge: edge) }
        return (harnesses, edge.parsers(EdgeLimits()))
    }

    @Test func `An idle connection holds no parser, and the next request of any connection uses the same`() throws {
        let (connections, parsers) = try connections(3)
        for _ in 0..<2 {
            for connection in connections {
                try connection.send(post("a=b"))
                #expect(try connection.statuses() == [200])
                #expect(parsers.count == 1)
            }
        }
        for connection in connections { _ = try connection.channel.finish() }
        #expect(parsers.count == 0)
    }

    @Test(arguments: [1, 7, 30])
    func `Requests that come in at the same time in pieces do not mix`(size: Int) throws {
        let (connections, parsers) = try connections(2)
        let texts = [post("first=connection", to: "/one"), post("second=connection", to: "/two", headers: "A: b\r\n")]
        var rests = texts.map { Substring($0) }
        while rests.contains(where: { !$0.isEmpty }) {
            for (index, connection) in connections.enumerated() where !rests[index].isEmpty {
                try connection.send(String(rests[index].prefix(size)))
                rests[index] = rests[index].dropFirst(size)
            }
        }
        #expect(try connections[0].received().hasSuffix("first=connection"))
        #expect(try connections[1].received().hasSuffix("second=connection"))
        #expect(parsers.count == 2)
        for connection in connections { _ = try connection.channel.finish() }
    }

    @Test(
        arguments: [
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b",
            "POST /a HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\na=b",
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: keep-alive, Upgrade\r\nUpgrade: x\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Le",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", "no request\r\n\r\n", "\r\n",
        ]
    )
    func `A parser that saw anything but whole requests of a kept connection is lent to nobody`(text: String) throws {
        let (connections, parsers) = try connections(2)
        try connections[0].send(text)
        #expect(parsers.count == 0)
        try connections[1].send(post("a=b"))
        #expect(try connections[1].statuses() == [200])
        _ = try? connections[0].channel.finish()
        #expect(parsers.count == 1)
        _ = try connections[1].channel.finish()
    }

    @Test func `Pipelined requests are answered in order by a parser that goes back at their end`() throws {
        let (connections, parsers) = try connections(1)
        try connections[0].send(post("a=1") + post("a=2") + post("a=3"))
        #expect(try connections[0].statuses() == [200, 200, 200])
        #expect(parsers.count == 1)
        _ = try connections[0].channel.finish()
    }
}
