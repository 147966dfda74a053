package import NIOCore
package import OpenSSL
internal import Synchronization

/// What a listener serves now.
///
/// The snapshot is exchanged as a whole: a connection keeps the one that it began with.
package final class CertificateStore: Sendable {
    private let context: Mutex<TLSContext>

    package init(_ context: TLSContext) {
        self.context = Mutex(context)
    }

    /// Serves something else to the connections that come from now on.
    package func replace(by context: TLSContext) {
        self.context.withLock { $0 = context }
    }

    /// The handler of a new connection.
    ///
    /// - Parameters:
    ///   - handshakeTimeout: from the accepted connection to the end of the handshake.
    ///   - turns: where handshakes of this event loop wait for their turn; nil: they do not.
    ///   - deadlines: those of the event loop.
    ///   - origin: where the client comes from, as a number that clients of one place share.
    /// - Returns: a handler for one connection.
    package func makeServerHandler(
        handshakeTimeout: TimeAmount,
        turns: HandshakeTurns? = nil,
        deadlines: LoopDeadlines = LoopDeadlines(),
        origin: UInt64 = 0
    ) -> TLSServerHandler {
        TLSServerHandler(
            context: context.withLock { $0 },
            handshakeTimeout: handshakeTimeout,
            turns: turns,
            deadlines: deadlines,
            origin: origin
        )
    }
}
