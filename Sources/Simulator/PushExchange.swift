package import NIOCore
import NIOHTTP1

/// A response to a push, whole.
package struct PushResponse: Sendable {
    package let status: Int
    /// In order, with duplicates, as received.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// Whether the connection may be used again (RFC 9112, section 9.3).
    package let keepsConnection: Bool
    /// From the last byte of the request to the last of the response.
    package let time: TimeAmount

    package init(
        status: Int,
        headers: [(name: String, value: String)],
        body: [UInt8],
        keepsConnection: Bool,
        time: TimeAmount
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.keepsConnection = keepsConnection
        self.time = time
    }

    /// All values of a field, names compared without case.
    func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// What a provider that takes the documentation at its word would not accept.
    package var complaints: [String] {
        var complaints: [String] = []
        if values("content-type") != ["application/xml"] {
            let shown = values("content-type").joined(separator: ", ")
            complaints.append("the content type is \(shown.isEmpty ? "missing" : "`\(shown)`"), not `application/xml`")
        }
        let lengths = values("content-length")
        if lengths.isEmpty {
            complaints.append("there is no Content-Length")
        } else if lengths != ["\(body.count)"] {
            complaints.append("the Content-Length is not the length of the content")
        }
        if !values("transfer-encoding").isEmpty { complaints.append("the reply has a transfer coding") }
        if !values("content-encoding").isEmpty { complaints.append("the reply has a content coding") }
        return complaints
    }
}

/// Sends one request at a time and answers it with the response, an error, or the end of its patience.
///
/// A promise completes whatever happens to the channel, before, during or after the request.
final class PushExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// No reply is larger: a push is answered with a few lines of XML.
    private static let maxBodyBytes = 256 * 1024

    private struct Waiting {
        var promise: EventLoopPromise<PushResponse>
        var begin: NIODeadline
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var patience: Scheduled<Void>
    }

    private let timeout: TimeAmount
    private var waiting: Waiting?
    private var context: ChannelHandlerContext?
    /// Why the channel ended: the first reason is the cause, what follows are its consequences.
    private var failure: (any Error)?

    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        fail(SimulationError.closed)
    }

    /// Sends a request, which may be before the handshake is over.
    func send(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        _ promise: EventLoopPromise<PushResponse>,
        isSlow: Bool = false
    ) {
        guard waiting == nil, failure == nil, let context else {
            promise.fail(failure ?? SimulationError.closed)
            return
        }
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let patience = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = loopBound.value
            handler.fail(SimulationError.timeout)
            context.close(promise: nil)
        }
        waiting = Waiting(promise: promise, begin: .now(), patience: patience)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if isSlow { return drip(body, max(1, body.readableBytes / 20), context) }
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Sends a little now, and the rest bit by bit.
    private func drip(_ rest: ByteBuffer, _ size: Int, _ context: ChannelHandlerContext) {
        var rest = rest
        guard waiting != nil, let byte = rest.readSlice(length: min(size, max(1, rest.readableBytes))) else {
            return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(byte))), promise: nil)
        let left = rest
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(100)) {
            let (handler, context) = loopBound.value
            handler.drip(left, size, context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): waiting?.head = head
        case .body(let bytes):
            waiting?.body += Array(bytes.readableBytesView)
            guard let count = waiting?.body.count, count > PushExchangeHandler.maxBodyBytes else { return }
            fail(SimulationError.tooLarge)
            context.close(promise: nil)
        case .end:
            guard let done = waiting, let head = done.head else { return }
            waiting = nil
            done.patience.cancel()
            done.promise.succeed(
                PushResponse(
                    status: Int(head.status.code),
                    headers: head.headers.map { (name: $0.name, value: $0.value) },
                    body: done.body,
                    keepsConnection: head.isKeepAlive,
                    time: .now() - done.begin
                )
            )
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(SimulationError.closed)
        context.fireChannelInactive()
    }

    private func fail(_ error: any Error) {
        if failure == nil { failure = error }
        guard let lost = waiting else { return }
        waiting = nil
        lost.patience.cancel()
        lost.promise.fail(failure ?? error)
    }
}

@available(*, unavailable)
extension PushExchangeHandler: Sendable {}

/// What ends a simulation before its end.
package enum SimulationError: Error, Sendable, Equatable, CustomStringConvertible {
    case closed
    case timeout
    case tooLarge

    package var description: String {
        switch self {
        case .closed: "the connection was closed before the response was whole"
        case .timeout: "no whole response in time"
        case .tooLarge: "the response is too large"
        }
    }
}
