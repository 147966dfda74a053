package import NIOCore
package import OpenSSL

/// The server's end of TLS: put it first into the pipeline of an accepted connection.
package typealias TLSServerHandler = TLSHandler

extension TLSHandler {
    /// The handler of one accepted connection.
    ///
    /// - Parameters:
    ///   - context: Of a server; shared by all connections of a listener.
    ///   - handshakeTimeout: From the connection to the end of the handshake.
    ///   - turns: Where handshakes of this event loop wait for their turn; nil: they do not.
    ///   - deadlines: Those of the event loop.
    ///   - origin: Where the client comes from, as a number that clients of one place share.
    package convenience init(
        context: TLSContext,
        handshakeTimeout: TimeAmount,
        turns: HandshakeTurns? = nil,
        deadlines: LoopDeadlines = LoopDeadlines(),
        origin: UInt64 = 0
    ) {
        precondition(context.role == .server, "a server's handler with a client's context")
        self.init(
            context: context,
            handshakeTimeout: handshakeTimeout,
            limits: TLSLimits(),
            turns: turns.map { (line: $0, origin: origin) },
            deadlines: deadlines
        )
    }
}
