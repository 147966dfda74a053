package import NIOCore
import NIOHTTP1
package import NIOPosix

/// A backend for development: takes every event, prints it, and answers as it was told.
package struct DevelopmentBackend: Sendable {
    /// How it behaves.
    package struct Options: Sendable {
        /// The address to bind.
        package var host = "127.0.0.1"
        /// The port to bind; 0 picks a free one.
        package var port = 9000
        /// The status of every response.
        package var status = 200
        /// How long it waits before it responds, in milliseconds.
        package var delayMilliseconds: Int64 = 0
        /// What it answers to a question, JSON; nil: the same as to any other request.
        package var decision: String?
        /// The path of questions.
        package var decisionPath = "/decide"
        /// One event a line exactly as received, for other programs; else in full for people.
        package var printsRaw = false

        package init() {}
    }

    private let options: Options
    private let print: @Sendable (String) -> Void

    /// - Parameters:
    ///   - options: how it behaves.
    ///   - print: takes what is to be seen; called on event loops.
    package init(_ options: Options, print: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.print = print
    }

    /// Serves until the process ends.
    ///
    /// - Throws: `IOError` when the address cannot be bound.
    package func run() async throws {
        let channel = try await bind(on: MultiThreadedEventLoopGroup.singleton)
        if !options.printsRaw {
            let address = channel.localAddress
            let host = address?.ipAddress ?? options.host
            let shown = host.contains(":") ? "[\(host)]" : host
            print("development backend at http://\(shown):\(address?.port ?? options.port), Ctrl-C ends it\n")
        }
        try await channel.closeFuture.get()
    }

    /// Serves until the channel is closed.
    ///
    /// - Returns: the listening channel.
    package func bind(on group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let options = options
        let print = print
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(BackendHandler(options: options, print: print))
                }
            }
            .bind(host: options.host, port: options.port)
            .get()
    }
}

/// Collects one request, prints it, responds.
private final class BackendHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// The gateway's events are some KiB.
    private static let maxBodyBytes = 1 << 20

    private let options: DevelopmentBackend.Options
    private let print: @Sendable (String) -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isQuestion = false

    init(options: DevelopmentBackend.Options, print: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.print = print
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes):
            guard head != nil else { return }  // refused already
            guard body.count + bytes.readableBytes <= BackendHandler.maxBodyBytes else {
                head = nil
                respond(context, status: 413, isKeepAlive: false)
                return
            }
            body += Array(bytes.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            let event = ReceivedEvent(
                method: head.method.rawValue,
                target: head.uri,
                headers: head.headers.map { (name: $0.name, value: $0.value) },
                body: body
            )
            print(options.printsRaw ? event.rawLine : event.text(status: options.status))
            let isKeepAlive = head.isKeepAlive
            isQuestion = head.uri == options.decisionPath
            guard options.delayMilliseconds > 0 else {
                respond(context, status: options.status, isKeepAlive: isKeepAlive)
                return
            }
            let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(options.delayMilliseconds)) {
                let (handler, context) = loopBound.value
                handler.respond(context, status: handler.options.status, isKeepAlive: isKeepAlive)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func respond(_ context: ChannelHandlerContext, status: Int, isKeepAlive: Bool) {
        guard context.channel.isActive else { return }
        // A 204 has no content and no length (RFC 9110, section 8.6).
        let decision = isQuestion ? options.decision.map { ByteBuffer(string: $0) } : nil
        var headers: HTTPHeaders = status == 204 ? [:] : ["Content-Length": "\(decision?.readableBytes ?? 0)"]
        if decision != nil { headers.add(name: "Content-Type", value: "application/json") }
        if !isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let decision { context.write(wrapOutboundOut(.body(.byteBuffer(decision))), promise: nil) }
        let ended = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: ended)
        guard !isKeepAlive else { return }
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        ended.futureResult.whenComplete { _ in loopBound.value.close(promise: nil) }
    }
}

@available(*, unavailable)
extension BackendHandler: Sendable {}
