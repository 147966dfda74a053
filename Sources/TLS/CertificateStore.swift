package import NIOCore
package import OpenSSL

/// The certificate a listener serves, as one immutable snapshot: a connection keeps the one it began with.
package final class CertificateStore: Sendable {
    private let context: TLSContext

    package init(_ context: TLSContext) {
        self.context = context
    }

    /// The handler of a new connection.
    ///
    /// - Parameter handshakeTimeout: from the accepted connection to the end of the handshake.
    /// - Returns: a handler for one connection.
    package func makeServerHandler(handshakeTimeout: TimeAmount) -> TLSServerHandler {
        TLSServerHandler(context: context, handshakeTimeout: handshakeTimeout)
    }
}
