import NIOCore

/// Stops accepting at the listener's bound: further clients wait in the kernel's backlog, and cost nothing here.
///
/// Sits on the listening channel. One accept may already be under way when the bound is reached, so the number of
/// connections can pass it by the few of one read cycle.
final class ConnectionLimitHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let maximum: Int
    private var open = 0
    private var readHeldBack = false

    init(maximum: Int) {
        self.maximum = maximum
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let child = unwrapInboundIn(data)
        open += 1
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        child.closeFuture.hop(to: context.eventLoop).whenComplete { _ in
            let (handler, context) = bound.value
            handler.closed(context)
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if open < maximum {
            context.read()
        } else {
            readHeldBack = true
        }
    }

    private func closed(_ context: ChannelHandlerContext) {
        open -= 1
        guard readHeldBack, open < maximum else { return }
        readHeldBack = false
        context.read()
    }
}

@available(*, unavailable)
extension ConnectionLimitHandler: Sendable {}
