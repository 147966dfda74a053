package import OpenSSL

/// Why a TLS connection did not come about or ended badly.
///
/// Fired as an error; the handler closes the channel itself where it says so.
package enum TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// OpenSSL ended the handshake, cause first. An alert is sent and the channel closed.
    case handshakeFailed([OpenSSLError])
    /// The handshake did not end in time. The channel is closed.
    case handshakeTimedOut
    /// The peer went away before the handshake ended: a port scanner or a health check more often than a fault.
    case closedDuringHandshake
    /// The peer speaks plain HTTP. It gets one reply that says so, and the channel is closed.
    case plaintextHTTP
    /// A record could not be read or written. An alert is sent and the channel closed.
    case connectionFailed([OpenSSLError])
    /// The peer keeps asking for answers at the level of TLS, such as new keys. The channel is closed.
    case tooManyRequestsForKeys
    /// The peer's bytes end without its close_notify: whatever was not complete by then may have been cut short by
    /// somebody else. Reported once; where half-closure is allowed, the channel stays open for the reply.
    case truncated

    package var description: String {
        switch self {
        case .handshakeFailed(let reasons): "TLS handshake failed: \(TLSError.words(reasons))"
        case .handshakeTimedOut: "TLS handshake timed out"
        case .closedDuringHandshake: "connection closed during the TLS handshake"
        case .plaintextHTTP: "plain HTTP on a TLS port"
        case .connectionFailed(let reasons): "TLS connection failed: \(TLSError.words(reasons))"
        case .tooManyRequestsForKeys: "too many TLS messages that want an answer"
        case .truncated: "connection ended without close_notify"
        }
    }

    private static func words(_ reasons: [OpenSSLError]) -> String {
        reasons.isEmpty ? "no reason given" : reasons.map(\.description).joined(separator: "; ")
    }
}
