internal import NIOCore
internal import NIOHTTP1

/// One connection to a destination, as the first handler of its channel: it writes requests, counts response bytes, and
/// performs what its state machine decides.
///
/// Behind it stand NIOHTTP1's decoder and a `ResponseReader`, which tells this handler what was decoded. Requests are
/// written here, in front of the decoder, as plain bytes.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the decoder has to know of a request: that its response may have content.
    ///
    /// RFC 9112, section 6.3.
    private static let post = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")

    /// When it last became idle.
    var idleSince: NIODeadline = .distantPast

    private var machine = StateMachine()
    private let decoder: HTTPResponseDecoder
    private let maxResponseBytes: Int
    private var context: ChannelHandlerContext?
    /// From adoption to the end of the connection; the cycle is broken there.
    private var pool: UpstreamPool?

    private init(decoder: HTTPResponseDecoder, maxResponseBytes: Int) {
        self.decoder = decoder
        self.maxResponseBytes = maxResponseBytes
    }

    /// Adds a connection's three handlers to a new channel.
    ///
    /// Called on its event loop.
    ///
    /// - Throws: when the channel is closed already.
    static func install(on channel: any Channel, limits: DeliveryLimits) throws {
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldSize = limits.maxHeaderBytes
        bounds.maxHeaderListSize = limits.maxHeaderBytes
        bounds.maxHeaderFieldCount = limits.maxHeaderFields
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes,
            informationalResponseStrategy: .drop,
            limitConfiguration: bounds
        )
        let connection = UpstreamConnection(decoder: decoder, maxResponseBytes: limits.maxResponseBytes)
        try channel.pipeline.syncOperations.addHandlers([
            connection, ByteToMessageHandler(decoder), ResponseReader(connection),
        ])
    }

    /// False once the connection must not be used any more.
    var isOpen: Bool { machine.isOpen }

    /// When the attempt under way has to end; nil when there is none.
    var deadline: NIODeadline? { machine.deadline }

    /// Makes it a pool's own.
    func join(_ pool: UpstreamPool) {
        self.pool = pool
    }

    /// Sends a request on this idle connection.
    func send(_ attempt: Attempt, as request: ByteBuffer) {
        machine.send(attempt)
        decoder.write(data: .head(UpstreamConnection.post))
        context?.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// Ends the connection if its attempt is past its deadline.
    func expire(at now: NIODeadline) {
        guard let attempt = machine.expire(at: now) else { return }
        leave()
        attempt.finish(.timedOut(phase: .answering))
    }

    /// Ends this idle connection.
    func close() {
        machine.close()
        leave()
    }

    // What the response reader has to tell.

    func receivedHead(status: Int, keepsAlive: Bool, retryAfter: RetryAfter?) {
        machine.head(status: status, keepsAlive: keepsAlive, retryAfter: retryAfter)
    }

    func receivedEnd() {
        machine.end()
    }

    /// The socket failed: the same as a connection that was closed in the middle.
    func failed() {
        perform(machine.lost())
    }

    /// The decoder gave up.
    func garbled() {
        perform(machine.garbled())
    }

    private func perform(_ action: StateMachine.LossAction) {
        switch action {
        case .none:
            leave()
        case .retry(let attempt):
            // Before this connection leaves, so that the one which takes its place is for this attempt.
            if let pool { pool.retry(attempt) } else { attempt.finish(.unreachable(.closed)) }
            leave()
        case .finish(let attempt, let outcome):
            leave()
            attempt.finish(outcome)
        }
    }

    /// Gives its place in the pool up at once, and closes the channel.
    private func leave() {
        let pool = self.pool
        self.pool = nil
        pool?.remove(self)
        context?.close(promise: nil)
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch machine.received(unwrapInboundIn(data).readableBytes) {
        case .decode: context.fireChannelRead(data)
        case .close: leave()
        case .ignore: ()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        switch machine.readComplete(maxResponseBytes: maxResponseBytes) {
        case .wait:
            ()
        case .finishAndRelease(let attempt, let outcome):
            pool?.release(self)
            attempt.finish(outcome)
        case .finishAndClose(let attempt, let outcome):
            leave()
            attempt.finish(outcome)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // The decoder first: the end of the connection may be the end of the response.
        context.fireChannelInactive()
        perform(machine.lost())
    }
}

@available(*, unavailable)
extension UpstreamConnection: Sendable {}
