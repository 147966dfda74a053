import Foundation
import HookgateTesting
import NIOCore
import NIOPosix
import NIOTLS
import OpenSSL
import TLS
import Testing

/// Answers every chunk of plaintext with itself.
final class EchoHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// A TLS server on a loopback port.
struct LoopbackTLSServer {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    static func start(
        _ context: TLSContext,
        configure: @escaping @Sendable (any Channel) throws -> Void = {
            try $0.pipeline.syncOperations.addHandler(EchoHandler())
        }
    ) async throws -> LoopbackTLSServer {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        TLSServerHandler(context: context, handshakeTimeout: .minutes(3))
                    )
                    try configure(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LoopbackTLSServer(channel: channel)
    }
}

@Suite("TLS over sockets")
struct TLSSocketTests {
    static let identity = Result { try EphemeralAuthority(hasIntermediate: true).server() }

    @Test("openssl s_client verifies the chain and gets its echo", arguments: ["-tls1_2", "-tls1_3"])
    func openssl(version: String) async throws {
        let identity = try Self.identity.get()
        let directory = try TemporaryDirectory()
        let files = try identity.write(into: directory)
        let server = try await LoopbackTLSServer.start(identity.serverContext())
        let (input, output) = (Pipe(), Pipe())
        let process = try ChildProcess(
            "openssl",
            [
                "s_client", "-connect", "127.0.0.1:\(server.port)", version, "-CAfile", files.trusted,
                "-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost",
            ],
            input: .file(input.fileHandleForReading),
            output: .file(output.fileHandleForWriting)
        )
        try output.fileHandleForWriting.close()
        try input.fileHandleForWriting.write(contentsOf: Data("over the wire\n".utf8))
        var text = ""
        while !text.contains("over the wire") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        // The end of its input makes s_client say goodbye and leave.
        try input.fileHandleForWriting.close()
        #expect(process.wait() == 0)
        #expect(text.contains("over the wire"))
        #expect(text.contains("Verify return code: 0 (ok)") || text.contains("Verification: OK"))
        try await server.channel.close().get()
    }

    @Test("a client that renegotiates gets no second handshake")
    func renegotiation() async throws {
        let server = try await LoopbackTLSServer.start(Self.identity.get().serverContext())
        let (input, output) = (Pipe(), Pipe())
        let process = try ChildProcess(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_2", "-msg"],
            input: .file(input.fileHandleForReading),
            output: .file(output.fileHandleForWriting)
        )
        try output.fileHandleForWriting.close()
        // s_client(1), connected commands: a line that begins with R renegotiates.
        try input.fileHandleForWriting.write(contentsOf: Data("R\n".utf8))
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.wait()
        let hellos = text.components(separatedBy: "Handshake [length").filter { $0.contains("ServerHello\n") }
        #expect(text.contains("ClientHello"))
        #expect(text.contains("no_renegotiation"))
        #expect(hellos.count <= 1)
        try await server.channel.close().get()
    }

    /// A client over TLS whose plaintext goes to `handler`.
    private func connect(
        to server: LoopbackTLSServer,
        _ context: TLSContext,
        _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        TLSClientHandler(context: context, serverName: "localhost")
                    )
                    try configure(channel)
                }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
    }

    @Test("a reply arrives whole before the close behind it, though the request was not read to its end")
    func replyBeforeClose() async throws {
        let identity = try Self.identity.get()
        let server = try await LoopbackTLSServer.start(identity.serverContext()) { channel in
            try channel.pipeline.syncOperations.addHandler(RefusingHandler())
        }
        let request = ByteBuffer(repeating: 0x41, count: 60_000)
        for _ in 0..<3 {
            let collected = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: String.self)
            let client = try await connect(to: server, identity.clientContext()) { channel in
                try channel.pipeline.syncOperations.addHandler(CollectingHandler(collected))
            }
            client.writeAndFlush(request, promise: nil)
            #expect(try await collected.futureResult.get() == RefusingHandler.reply)
            try await client.closeFuture.get()
        }
        try await server.channel.close().get()
    }

    @Test("a peer that does not read makes the writer wait, not the process grow")
    func backPressure() async throws {
        let identity = try Self.identity.get()
        let stalled = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Int.self)
        let server = try await LoopbackTLSServer.start(identity.serverContext()) { channel in
            try channel.pipeline.syncOperations.addHandler(FloodingHandler(stalled))
        }
        let client = try await connect(to: server, identity.clientContext()) { channel in
            try channel.pipeline.syncOperations.addHandler(HoldingHandler())
        }
        // What the sockets' buffers take, and the high-water mark; a writer that is not stopped never gets here.
        let written = try await stalled.futureResult.get()
        #expect(written < 64 * 1024 * 1024)
        try await client.close().get()
        try await server.channel.close().get()
    }
}

/// Replies to the first bytes and closes.
private final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    /// More than a socket takes at once.
    static let reply = String(repeating: "refused\n", count: 500_000)
    private var isDone = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        isDone = true
        context.writeAndFlush(NIOAny(ByteBuffer(string: RefusingHandler.reply)), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// Collects plaintext until the goodbye.
private final class CollectingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let promise: EventLoopPromise<String>
    private var text = ""

    init(_ promise: EventLoopPromise<String>) {
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.shutdownCompleted = event { promise.succeed(text) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
    }
}

/// Writes as long as the channel is writable, and tells how much that was.
private final class FloodingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let stalled: EventLoopPromise<Int>
    private var written = 0

    init(_ stalled: EventLoopPromise<Int>) {
        self.stalled = stalled
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { flood(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func flood(_ context: ChannelHandlerContext) {
        let chunk = ByteBuffer(repeating: 0, count: 64 * 1024)
        while context.channel.isWritable {
            written += chunk.readableBytes
            context.writeAndFlush(NIOAny(chunk), promise: nil)
        }
        stalled.succeed(written)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// Never reads.
private final class HoldingHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    private var isOpen = false

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { isOpen = true }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if !isOpen { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
