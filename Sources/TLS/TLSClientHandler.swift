package import NIOCore
package import OpenSSL

/// The client's end of TLS: put it first into the pipeline of an outgoing connection.
package typealias TLSClientHandler = TLSHandler

extension TLSHandler {
    /// The handler of one outgoing connection.
    ///
    /// - Parameters:
    ///   - context: Of a client; shared by all connections with the same trust.
    ///   - serverName: The DNS name or IP address that the server's certificate must be for. Nil: any name will do, which
    ///     is for tools only.
    ///   - resuming: A session with the same server.
    ///   - handshakeTimeout: From the connection to the end of the handshake.
    package convenience init(
        context: TLSContext,
        serverName: String?,
        resuming: ResumableSession? = nil,
        handshakeTimeout: TimeAmount = .seconds(10)
    ) {
        precondition(context.role == .client, "a client's handler with a server's context")
        self.init(
            context: context,
            serverName: serverName,
            resuming: resuming,
            handshakeTimeout: handshakeTimeout,
            limits: TLSLimits()
        )
    }
}
