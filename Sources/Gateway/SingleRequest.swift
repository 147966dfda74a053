import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL
import TLS

/// One HTTP request on a connection of its own, and the whole answer: for commands and for work in the background.
///
/// It follows no redirects and tries nothing twice.
struct SingleRequest: Sendable {
    /// Why there is no answer.
    enum Failure: Error, Equatable, CustomStringConvertible {
        case late(seconds: Int64)
        case tooLong
        case cutShort
        /// What answers there speaks something else.
        case noHTTP

        var description: String {
            switch self {
            case .late(let seconds): "no answer within \(seconds) s"
            case .tooLong: "the answer is too long"
            case .cutShort: "the connection ended before the answer"
            case .noHTTP: "the answer is not HTTP"
            }
        }
    }

    /// What came back.
    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var body: [UInt8] = []
    }

    /// How the server proves who it is.
    struct Security: Sendable {
        let context: TLSContext
        /// The name that its certificate must be for; nil where nothing is verified.
        let serverName: String?
    }

    /// Where it goes; without a port, to that of its scheme.
    let address: HTTPAddress
    /// Nil: in the clear.
    var security: Security?
    var method = HTTPMethod.GET
    /// Beside `Host`, `Connection` and `Content-Length`.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// For all of it: the name, the connection, the answer.
    let patience: TimeAmount
    /// How long the content of an answer may be, in bytes.
    let maxBytes: Int

    /// Sends it.
    ///
    /// - Parameter loop: where it runs.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `Failure`, what the connection failed with, or `CancellationError` as soon as the task is cancelled.
    func answer(on loop: any EventLoop) async throws -> Answer {
        try Task.checkCancellation()
        let promise = loop.makePromise(of: Answer.self)
        ClientBootstrap(group: loop)
            .connectTimeout(patience)
            .channelInitializer { channel in
                // Whoever gives up on it closes it, also while it is being connected.
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let security {
                        try pipeline.addHandler(
                            TLSClientHandler(
                                context: security.context,
                                serverName: security.serverName,
                                handshakeTimeout: patience
                            )
                        )
                    }
                    try pipeline.addHTTPClientHandlers()
                }
            }
            .connect(host: address.network.host, port: address.network.port ?? (security == nil ? 80 : 443))
            // A name may have several addresses, and a connection is tried to each: the request goes on one of them alone.
            .flatMapThrowing { try $0.pipeline.syncOperations.addHandler(SingleExchange(self, promise)) }
            .whenFailure { promise.fail($0) }
        let timer = loop.scheduleTask(in: patience) {
            promise.fail(Failure.late(seconds: patience.nanoseconds / 1_000_000_000))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    fileprivate var head: HTTPRequestHead {
        var fields = HTTPHeaders([("Host", address.network.shown), ("Connection", "close")] + headers)
        if !body.isEmpty { fields.add(name: "Content-Length", value: "\(body.count)") }
        let target = address.target.hasPrefix("/") ? address.target : "/" + address.target
        return HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: fields)
    }
}

/// The request and its answer on their connection: added once that is made, on its loop, before anything is read from it.
private final class SingleExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: SingleRequest
    private let promise: EventLoopPromise<SingleRequest.Answer>
    private var answer: SingleRequest.Answer?

    init(_ request: SingleRequest, _ promise: EventLoopPromise<SingleRequest.Answer>) {
        self.request = request
        self.promise = promise
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return promise.fail(SingleRequest.Failure.cutShort) }
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = SingleRequest.Answer(status: head.status)
        case .body(let piece):
            let length = (answer?.body.count ?? 0) + piece.readableBytes
            guard length <= request.maxBytes else { return promise.fail(SingleRequest.Failure.tooLong) }
            answer?.body.append(contentsOf: piece.readableBytesView)
        case .end:
            if let answer { promise.succeed(answer) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? HTTPParserError {
        case .invalidEOFState: promise.fail(SingleRequest.Failure.cutShort)
        case nil: promise.fail(error)
        default: promise.fail(SingleRequest.Failure.noHTTP)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(SingleRequest.Failure.cutShort)
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension SingleExchange: Sendable {}
