internal import NIOCore

/// One connection to a destination, as the only handler of its channel: it writes requests, has responses read by a
/// `ResponseReader`, and performs what its state machine decides.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// When it last became idle.
    var idleSince: NIODeadline = .distantPast

    private var machine = StateMachine()
    private var reader: ResponseReader
    private let limits: DeliveryLimits
    private var context: ChannelHandlerContext?
    /// From adoption to the end of the connection; the cycle is broken there.
    private var pool: UpstreamPool?

    private init(limits: DeliveryLimits) {
        self.limits = limits
        reader = ResponseReader(limits: limits)
    }

    /// Adds a connection's handler to a new channel.
    ///
    /// Called on its event loop.
    ///
    /// - Throws: when the channel is closed already.
    static func install(on channel: any Channel, limits: DeliveryLimits) throws {
        try channel.pipeline.syncOperations.addHandler(UpstreamConnection(limits: limits))
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
        reader = ResponseReader(limits: limits, keepingContent: attempt.wantsContent)
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

    /// Has bytes of a response read.
    private func read(_ bytes: ByteBuffer) {
        var bytes = bytes
        while true {
            switch reader.next(&bytes) {
            case .needsMore:
                return
            case .head(let head):
                machine.head(
                    status: head.status,
                    keepsAlive: head.keepsAlive,
                    retryAfter: head.retryAfter.flatMap { RetryAfter($0) }
                )
            case .end:
                machine.end()
                if bytes.readableBytes > 0 { perform(machine.garbled()) }
                return
            case .garbled:
                return perform(machine.garbled())
            }
        }
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
            attempt.content = reader.content
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
        let bytes = unwrapInboundIn(data)
        switch machine.received(bytes.readableBytes) {
        case .decode: read(bytes)
        case .close: leave()
        case .ignore: ()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        switch machine.readComplete(maxResponseBytes: limits.maxResponseBytes) {
        case .wait:
            ()
        case .finishAndRelease(let attempt, let outcome):
            attempt.content = reader.content
            pool?.release(self)
            attempt.finish(outcome)
        case .finishAndClose(let attempt, let outcome):
            attempt.content = reader.content
            leave()
            attempt.finish(outcome)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // The end of the connection may be the end of the response.
        if reader.endsWithConnection { machine.end() }
        perform(machine.lost())
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error of the socket comes before the channel goes inactive. It counts at once: the end of a broken
        // connection is not the end of a response without a length.
        perform(machine.lost())
    }
}

@available(*, unavailable)
extension UpstreamConnection: Sendable {}
