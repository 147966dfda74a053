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
    package convenience init(context: TLSContext, handshakeTimeout: TimeAmount) {
        precondition(context.role == .server, "a server's handler with a client's context")
        self.init(context: context, handshakeTimeout: handshakeTimeout, limits: TLSLimits())
    }
}
