import Glibc
import NIOCore
import NIOPosix
import TLS

/// Calls its event loop back in the next turn, when all sockets have been looked at, without a sleep in between.
///
/// A task would run in this very turn, and a timer puts the thread to sleep, which costs more than a handshake has left to
/// save. A byte in a pipe is there at once. Not Sendable: used on its event loop only.
final class LoopBell: ChannelInboundHandler, TurnBell {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let byte = ByteBuffer(repeating: 0, count: 1)

    private let onRing: () -> Void
    private var context: ChannelHandlerContext?

    private init(onRing: @escaping () -> Void) {
        self.onRing = onRing
    }

    /// Hangs one up.
    ///
    /// - Parameters:
    ///   - loop: the event loop that this is called on.
    ///   - onRing: what to call.
    /// - Returns: the bell; fails when there are no descriptors.
    static func hang(on loop: any EventLoop, onRing: @escaping () -> Void) -> EventLoopFuture<NIOLoopBound<LoopBell>> {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            return loop.makeFailedFuture(IOError(errnoCode: errno, reason: "pipe"))
        }
        // No program that is run gets them.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let bell = NIOLoopBound(LoopBell(onRing: onRing), eventLoop: loop)
        return NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bell.value) }
            }
            .takingOwnershipOfDescriptors(input: ends[0], output: ends[1])
            .map { _ in bell }
    }

    func ring() -> Bool {
        guard let context, context.channel.isActive else { return false }
        context.writeAndFlush(wrapOutboundOut(LoopBell.byte), promise: nil)
        return true
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onRing()
    }
}

@available(*, unavailable)
extension LoopBell: Sendable {}
