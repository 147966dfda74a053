import NIOCore
import NIOHTTP1

/// One keep-alive connection to a destination: sends one request at a time and tells its pool how it went.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = ByteBuffer

    private let pool: UpstreamPool
    private let decoder: ResponseDecoder
    private var state = ResponseState()
    private var context: ChannelHandlerContext?
    private var wasReused = false
    /// The exchange in work.
    private(set) var exchange: Exchange?
    /// When it last became idle.
    var idleSince = NIODeadline.uptimeNanoseconds(0)

    init(pool: UpstreamPool, decoder: ResponseDecoder) {
        self.pool = pool
        self.decoder = decoder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Sends a request. Only called while idle.
    func send(_ exchange: Exchange, reused: Bool) {
        self.exchange = exchange
        wasReused = reused
        state.requestSent()
        decoder.expectResponse()
        guard let context else { return perform(state.broke(sawBytes: false, wasReused: reused, isGarbage: false)) }
        context.writeAndFlush(wrapOutboundOut(exchange.request), promise: nil)
    }

    /// Gives up whatever is in work.
    func close() {
        context?.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            perform(state.receivedHead(status: Int(head.status.code), keepsAlive: head.isKeepAlive))
        case .body(let piece):
            perform(state.receivedBody(piece.readableBytes))
        case .end:
            perform(state.receivedEnd())
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        broke(isGarbage: false)
        pool.closed(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        broke(isGarbage: error is HTTPParserError || error is NIOHTTPDecoderError)
        context.close(promise: nil)
    }

    private func broke(isGarbage: Bool) {
        perform(state.broke(sawBytes: decoder.sawBytes, wasReused: wasReused, isGarbage: isGarbage))
    }

    private func perform(_ action: ResponseState.Action) {
        switch action {
        case .none:
            break
        case .complete(let outcome, let reusable):
            let done = exchange
            exchange = nil
            // First the connection, then the promise: whoever hears of the outcome may send the next request.
            if reusable { pool.becameIdle(self) } else { close() }
            done?.complete(outcome)
        case .close(let outcome):
            let done = exchange
            exchange = nil
            close()
            if let outcome { done?.complete(outcome) }
        case .stale:
            let again = exchange
            exchange = nil
            close()
            if let again { pool.retry(again) }
        }
    }
}

@available(*, unavailable)
extension UpstreamConnection: Sendable {}
