import NIOCore
import NIOPosix
import Testing

@testable import Gateway

@Suite struct OCSPClientTests {
    /// Takes a question, says that it came, and answers nothing.
    private final class Mute: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let asked: EventLoopPromise<any Channel>

        init(_ asked: EventLoopPromise<any Channel>) {
            self.asked = asked
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            asked.succeed(context.channel)
        }
    }

    @Test func `A question that is given up ends at once and closes its connection`() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let asked = group.next().makePromise(of: (any Channel).self)
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Mute(asked)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let question = Task { try await OCSPClient.ask("http://127.0.0.1:\(port)/", [1, 2, 3], on: group) }
        let connection = try await asked.futureResult.get()
        question.cancel()
        await #expect(throws: CancellationError.self) { try await question.value }
        try await connection.closeFuture.get()
        try await server.close()
    }

    @Test func `A question of a task that was cancelled before is not asked`() async throws {
        let question = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await OCSPClient.ask("http://127.0.0.1:9/", [1], on: .singleton)
        }
        await #expect(throws: CancellationError.self) { try await question.value }
    }
}
