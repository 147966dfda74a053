import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Gateway

@Suite struct SingleRequestTests {
    /// Says something to whoever asks, and hangs up.
    private final class Speaker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let words: String

        init(_ words: String) {
            self.words = words
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: words)), promise: nil)
            context.close(promise: nil)
        }
    }

    private static func ask(_ words: String, maxBytes: Int = 100) async throws -> SingleRequest.Answer {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Speaker(words)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let request = SingleRequest(
            address: try HTTPAddress("http://127.0.0.1:\(port)/a"),
            patience: .seconds(60),
            maxBytes: maxBytes
        )
        let result: Result<SingleRequest.Answer, any Error>
        do { result = .success(try await request.answer(on: group.next())) } catch { result = .failure(error) }
        try await server.close()
        return try result.get()
    }

    @Test func `The answer comes whole, whatever its status`() async throws {
        let answer = try await SingleRequestTests.ask("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno")
        #expect(answer.status.code == 503 && answer.body == Array("no".utf8))
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
        #expect(try await SingleRequestTests.ask(chunked).body == Array("abc".utf8))
        #expect(try await SingleRequestTests.ask("HTTP/1.1 200 OK\r\n\r\nto the end").body == Array("to the end".utf8))
    }

    @Test(
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + String(repeating: "a", count: 200), .tooLong),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .cutShort), ("HTTP/1.1 200", .cutShort),
            ("", .cutShort),
            ("SSH-2.0-OpenSSH_9.2\r\n", .noHTTP), ("\u{15}\u{3}\u{3}\u{0}\u{2}", .noHTTP),
        ] as [(String, SingleRequest.Failure)]
    )
    func `What is no answer is told apart`(words: String, failure: SingleRequest.Failure) async throws {
        await #expect(throws: failure) { try await SingleRequestTests.ask(words) }
    }
}
