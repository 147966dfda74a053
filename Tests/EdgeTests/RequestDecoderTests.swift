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
            RequestDecoder(limits: EdgeLimits(), progress: RequestDecoder.Progress()),
            reader
        )
        try channel.writeInbound(ByteBuffer(string: "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"))
        while !reader.more.isEmpty { try channel.writeInbound(ByteBuffer(string: reader.more.removeFirst())) }
        #expect(reader.heads == ["/a", "/b", "/c"])
        #expect(reader.ends == 3)
        _ = try channel.finish()
    }
}
