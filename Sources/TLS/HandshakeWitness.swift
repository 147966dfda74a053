package import NIOCore
import NIOTLS
package import OpenSSL

/// Sees a client's handshake to its end, tells what came of it, and closes the connection: put it behind the handler.
package final class HandshakeWitness: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer

    /// A handshake that was completed.
    package struct Sighting: Sendable {
        /// `TLSv1.2` or `TLSv1.3`.
        package let version: String
        /// In OpenSSL's spelling.
        package let suite: String
        /// What the server has sent, its own certificate first.
        package let chain: CertificateChain
        /// The OCSP response that it has stapled.
        package let stapled: [UInt8]?
        /// Agreed on by ALPN; nil: the server does not speak it.
        package let applicationProtocol: String?
    }

    private var promise: EventLoopPromise<Sighting>?

    /// - Parameter promise: Succeeds with what was seen, or fails with the first error.
    package init(_ promise: EventLoopPromise<Sighting>) {
        self.promise = promise
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let applicationProtocol)? = event as? TLSUserEvent {
            let tls = try? context.pipeline.syncOperations.handler(type: TLSClientHandler.self)
            if let tls, let negotiated = tls.negotiated, let chain = tls.peerChain {
                let sighting = Sighting(
                    version: negotiated.version,
                    suite: negotiated.suite,
                    chain: chain,
                    stapled: tls.stapledResponse,
                    applicationProtocol: applicationProtocol
                )
                finish(.success(sighting), context)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error), context)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(TLSError.closedDuringHandshake), context)
        context.fireChannelInactive()
    }

    private func finish(_ result: Result<Sighting, any Error>, _ context: ChannelHandlerContext) {
        promise?.completeWith(result)
        promise = nil
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension HandshakeWitness: Sendable {}
