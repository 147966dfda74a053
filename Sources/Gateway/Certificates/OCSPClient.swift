import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL

/// Asks the responder of a certificate (RFC 6960, appendix A.1): one POST over plain HTTP, on a connection of its own.
///
/// The address comes from the operator's own certificate, and is asked only where the configuration says `ocsp: fetch`.
enum OCSPClient {
    /// For all of it: the name, the connection, the answer.
    static let patience = TimeAmount.seconds(10)

    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Asks once, and follows no redirects.
    ///
    /// - Parameters:
    ///   - responder: `http://ocsp.example.net/path`.
    ///   - request: In DER.
    ///   - group: Where it runs.
    /// - Returns: the body of the answer, unread.
    /// - Throws: `Failure`, or `CancellationError` as soon as the task is cancelled.
    static func ask(
        _ responder: String,
        _ request: [UInt8],
        on group: MultiThreadedEventLoopGroup
    ) async throws -> [UInt8] {
        let address: HTTPAddress
        do {
            address = try HTTPAddress(responder)
        } catch {
            throw Failure(description: "the certificate's address \(error.reason)")
        }
        let loop = group.next()
        let promise = loop.makePromise(of: [UInt8].self)
        let network = address.network
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .POST,
            uri: address.target.hasPrefix("/") ? address.target : "/" + address.target,
            headers: [
                "Host": network.shown,
                "Content-Type": "application/ocsp-request",
                "Accept": "application/ocsp-response",
                "Content-Length": "\(request.count)",
                "Connection": "close",
            ]
        )
        ClientBootstrap(group: loop)
            .connectTimeout(patience)
            .channelInitializer { channel in
                // Whoever gives up on it closes it, also while it is being connected.
                promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(OCSPExchange(head, request, promise))
                }
            }
            .connect(host: network.host, port: network.port ?? 80)
            .whenFailure { promise.fail($0) }
        let timer = loop.scheduleTask(in: patience) {
            promise.fail(Failure(description: "no answer within \(patience.nanoseconds / 1_000_000_000) s"))
        }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(CancellationError())
            }
        } catch let failure as Failure {
            throw failure
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            throw Failure(description: CertificateProbe.words(error))
        }
    }
}

/// One question and its answer.
private final class OCSPExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let request: [UInt8]
    private let promise: EventLoopPromise<[UInt8]>
    private var body: [UInt8] = []

    init(_ head: HTTPRequestHead, _ request: [UInt8], _ promise: EventLoopPromise<[UInt8]>) {
        self.head = head
        self.request = request
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status == .ok else { return fail("HTTP status \(head.status.code)") }
        case .body(let piece):
            guard body.count + piece.readableBytes <= OCSPResponse.maxBytes else {
                return fail("the answer is too long")
            }
            body.append(contentsOf: piece.readableBytesView)
        case .end:
            promise.succeed(body)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection ended before the answer")
        context.fireChannelInactive()
    }

    private func fail(_ reason: String) {
        promise.fail(OCSPClient.Failure(description: reason))
    }
}

@available(*, unavailable)
extension OCSPExchange: Sendable {}
