import HookgateTesting
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL
import Synchronization
import TLS

/// A TLS server that answers each request as a script says, and remembers what it was asked.
final class ScriptedGateway: Sendable {
    /// What it was sent.
    struct Received: Sendable {
        /// Which connection, counted from 1.
        let connection: Int
        let head: HTTPRequestHead
        let body: String
    }

    /// What it answers.
    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ""
        /// Chunked instead of a length.
        var isChunked = false
        var closes = false
        /// Closes instead of answering.
        var isSilent = false

        static let challenge = Answer(status: 401, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])

        static func xml(_ body: String) -> Answer {
            Answer(headers: [("Content-Type", "application/xml")], body: body)
        }
    }

    typealias Script = @Sendable (Received) -> Answer

    let port: Int
    private let channel: any Channel
    private let seen: Seen

    /// Requests so far.
    var received: [Received] { seen.requests.withLock { $0 } }

    init(_ identity: ServerIdentity, script: @escaping Script) async throws {
        let context = try identity.serverContext()
        let seen = Seen()
        self.seen = seen
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = seen.connections.withLock { count in
                        count += 1
                        return count
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(TLSServerHandler(context: context, handshakeTimeout: .minutes(3)))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(ScriptHandler(number: number, seen: seen, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        port = channel.localAddress?.port ?? 0
    }

    func close() async throws {
        try await channel.close()
    }

    fileprivate final class Seen: Sendable {
        let connections = Mutex(0)
        let requests = Mutex<[Received]>([])
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let number: Int
    private let seen: ScriptedGateway.Seen
    private let script: ScriptedGateway.Script
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(number: Int, seen: ScriptedGateway.Seen, script: @escaping ScriptedGateway.Script) {
        self.number = number
        self.seen = seen
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end:
            guard let head else { return }
            let request = ScriptedGateway.Received(connection: number, head: head, body: String(buffer: body))
            self.head = nil
            body.clear()
            seen.requests.withLock { $0.append(request) }
            answer(script(request), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ answer: ScriptedGateway.Answer, _ context: ChannelHandlerContext) {
        guard !answer.isSilent else {
            context.close(promise: nil)
            return
        }
        var headers = HTTPHeaders(answer.headers)
        if !answer.isChunked { headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)") }
        if answer.closes { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: answer.status),
            headers: headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if answer.closes { context.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ScriptHandler: Sendable {}
