import NIOCore
import TLS
import Webhooks

extension HTTP1Handler {
    /// What shook hands for this connection; nil in memory, where nothing does.
    static func tls(_ context: ChannelHandlerContext) -> TLSServerHandler? {
        try? context.pipeline.syncOperations.handler(type: TLSServerHandler.self)
    }

    /// What the handshake that has just been completed came to.
    static func handshake(of tls: TLSServerHandler) -> EdgeCounts.Handshake? {
        guard let (version, _, isResumed) = tls.negotiated else { return nil }
        return switch (version == "TLSv1.2", isResumed) {
        case (true, false): .tls12Full
        case (true, true): .tls12Resumed
        case (false, false): .tls13Full
        case (false, true): .tls13Resumed
        }
    }

    /// The certificate that the client has shown in it.
    static func certificate(from tls: TLSServerHandler) -> ClientCertificate? {
        tls.peer.map { ClientCertificate(subject: $0.subject, fingerprint: $0.fingerprint) }
    }
}

extension TLSError {
    /// How the metrics name it; nil for what happens behind a handshake.
    var handshakeFailure: EdgeCounts.HandshakeFailure? {
        switch self {
        case .handshakeFailed: .failed
        case .handshakeTimedOut: .timedOut
        case .closedDuringHandshake: .left
        case .plaintextHTTP: .plainHTTP
        case .connectionFailed, .tooManyRequestsForKeys, .truncated: nil
        }
    }
}

extension Screening {
    /// The position of the route that was found.
    var route: Int? {
        switch self {
        case .accepted(let match): match.index
        case .refused(_, let route): route
        }
    }
}
