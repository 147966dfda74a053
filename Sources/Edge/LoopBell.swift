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

    private let onRing: () -> Void
    /// The pipe's other end.
    private let rope: CInt
    private var isHung = false

    private init(rope: CInt, onRing: @escaping () -> Void) {
        self.rope = rope
        self.onRing = onRing
    }

    deinit {
        close(rope)
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
        for end in ends {
            // No program that is run gets them, and no loop waits for them.
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let input = ends[0]
        let bell = NIOLoopBound(LoopBell(rope: ends[1], onRing: onRing), eventLoop: loop)
        return NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bell.value) }
            }
            .takingOwnershipOfDescriptor(input: input)
            .flatMapErrorThrowing { error in
                close(input)
                throw error
            }
            .map { _ in bell }
    }

    /// Writes past the channel: to write through it costs more than the system call.
    func ring() -> Bool {
        var byte: UInt8 = 0
        return unsafe isHung && write(rope, &byte, 1) == 1
    }

    func handlerAdded(context: ChannelHandlerContext) {
        isHung = true
    }

    func channelInactive(context: ChannelHandlerContext) {
        isHung = false
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onRing()
    }
}

@available(*, unavailable)
extension LoopBell: Sendable {}
