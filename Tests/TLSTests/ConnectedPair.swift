import HookgateTesting
import NIOCore
import NIOEmbedded
import NIOTLS
import OpenSSL
import TLS

/// What came out of the upper end of a pipeline, in order.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Entry: Equatable {
        case active
        case inactive
        case read(String)
        case readComplete
        case event(String)
        case error(String)
        case writability
    }

    var entries: [Entry] = []
    var errors: [any Error] = []
    /// Called with what was read.
    var onRead: (ChannelHandlerContext, String) -> Void = { _, _ in }

    var plaintext: String {
        entries.reduce(into: "") { if case .read(let text) = $1 { $0 += text } }
    }

    var events: [String] {
        entries.compactMap { if case .event(let name) = $0 { name } else { nil } }
    }

    func channelActive(context: ChannelHandlerContext) {
        entries.append(.active)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        entries.append(.inactive)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: unwrapInboundIn(data))
        entries.append(.read(text))
        onRead(context, text)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        entries.append(.readComplete)
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        entries.append(.writability)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        entries.append(.event("\(event)"))
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        entries.append(.error("\(error)"))
        errors.append(error)
    }
}

/// A client's and a server's channel with a wire between them that moves when told to.
///
/// A channel and its pipeline hold each other until it is closed, so the end of a pair closes both: what is left then
/// is a leak.
final class ConnectedPair {
    let client = EmbeddedChannel()
    let server = EmbeddedChannel()
    let clientSide = Recorder()
    let serverSide = Recorder()
    let clientWire = Wire()
    let serverWire = Wire()

    static let identity = Result { try EphemeralAuthority().server() }

    init(
        clientPolicy: TLSPolicy = TLSPolicy(),
        serverPolicy: TLSPolicy = TLSPolicy(),
        serverName: String? = "localhost"
    ) throws {
        let identity = try Self.identity.get()
        let serverHandler = TLSServerHandler(
            context: try identity.serverContext(policy: serverPolicy),
            handshakeTimeout: .seconds(10)
        )
        let clientHandler = TLSClientHandler(
            context: try identity.clientContext(policy: clientPolicy),
            serverName: serverName
        )
        try server.pipeline.syncOperations.addHandlers([serverWire, serverHandler, serverSide])
        try client.pipeline.syncOperations.addHandlers([clientWire, clientHandler, clientSide])
    }

    deinit {
        for (channel, wire) in [(client, clientWire), (server, serverWire)] {
            wire.holds = false
            wire.release()
            channel.close(promise: nil)
            channel.embeddedEventLoop.advanceTime(by: .minutes(1))
            _ = try? channel.finish(acceptAlreadyClosed: true)
        }
    }

    /// Connects both and shakes hands.
    func connect(chunk size: Int = .max, joined: Bool = false) throws {
        try server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try exchange(chunk: size, joined: joined)
    }

    /// Carries everything both ways, in chunks of at most `size`, until the wire is silent.
    ///
    /// Joined, what one side says before it hears the other arrives in one piece, as it does over a socket.
    func exchange(chunk size: Int = .max, joined: Bool = false) throws {
        while true {
            var toServer = try bytes(from: client)
            let toClient = try bytes(from: server)
            if joined, !toServer.isEmpty {
                toServer = [toServer.dropFirst().reduce(into: toServer[0]) { $0.writeImmutableBuffer($1) }]
            }
            if toServer.isEmpty && toClient.isEmpty { return }
            try deliver(toServer, to: server, chunk: size)
            try deliver(toClient, to: client, chunk: size)
        }
    }

    func deliver(_ buffers: [ByteBuffer], to channel: EmbeddedChannel, chunk size: Int = .max) throws {
        guard channel.isActive, !buffers.isEmpty else { return }
        for buffer in buffers {
            var rest = buffer
            while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
                guard channel.isActive else { return }
                // The recorder keeps errors; the channel would throw them a second time.
                _ = try? channel.writeInbound(piece)
            }
        }
    }

    func bytes(from channel: EmbeddedChannel) throws -> [ByteBuffer] {
        var buffers: [ByteBuffer] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            if buffer.readableBytes > 0 { buffers.append(buffer) }
        }
        return buffers
    }
}
