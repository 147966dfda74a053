internal import NIOCore
internal import NIOPosix
internal import OpenSSL
internal import TLS

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Why a destination could not be reached, in one stable word for logs and metrics.
package enum ConnectFailure: String, Sendable, CaseIterable {
    /// Nothing listens at the address.
    case refused
    /// The name has no address, or the resolver does not answer.
    case unresolved
    /// The connection was not made within `DeliveryLimits.connectTimeout`.
    case connectTimeout = "connect_timeout"
    /// No way leads to the address.
    case noRoute = "no_route"
    /// The Unix socket may not be written to by this user, or a firewall forbids it.
    case forbidden
    /// The receiver hung up without a byte of response.
    case closed
    /// This process has no descriptor or port left.
    case exhausted
    /// Its certificate has expired, or is not valid yet.
    case certificateExpired = "certificate_expired"
    /// Its certificate is for another name.
    case certificateWrongName = "certificate_wrong_name"
    /// Its certificate was not signed by anybody who is trusted.
    case certificateUntrusted = "certificate_untrusted"
    /// Its public key is none of those that are pinned.
    case certificateUnpinned = "certificate_unpinned"
    /// The TLS handshake failed for another reason.
    case tlsFailed = "tls_failed"
    /// The TLS handshake was not made in time.
    case tlsTimeout = "tls_timeout"
    /// The gateway is draining.
    case shuttingDown = "shutting_down"
    /// Anything else.
    case failed

    /// The word for an error of NIO's client bootstrap.
    init(_ error: any Error) {
        switch error {
        case let error as NIOConnectionError:
            // One failure per address that was tried; the last one is as good as any.
            if let last = error.connectionErrors.last {
                self.init(last.error)
            } else {
                self = .unresolved
            }
        case let error as IOError:
            self.init(errno: error.errnoCode)
        case let error as TLSError:
            self.init(error)
        case is UnpinnedKey:
            self = .certificateUnpinned
        case let error as ChannelError:
            if case .connectTimeout = error { self = .connectTimeout } else { self = .failed }
        default:
            self = .failed
        }
    }

    private init(_ error: TLSError) {
        switch error {
        case .handshakeFailed(let reasons):
            switch reasons.lazy.compactMap(\.verification).first {
            case .dates: self = .certificateExpired
            case .name: self = .certificateWrongName
            case .trust: self = .certificateUntrusted
            case nil: self = .tlsFailed
            }
        case .handshakeTimedOut:
            self = .tlsTimeout
        case .closedDuringHandshake, .plaintextHTTP, .connectionFailed, .tooManyRequestsForKeys, .truncated:
            self = .tlsFailed
        }
    }

    /// The word for an error number of connect(2) or socket(2).
    private init(errno: CInt) {
        self =
            switch errno {
            // A Unix socket that is not there yet is a port on which nobody listens.
            case ECONNREFUSED, ENOENT: .refused
            case EACCES, EPERM: .forbidden
            case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL: .noRoute
            case EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN: .exhausted
            case ETIMEDOUT: .connectTimeout
            case ECONNRESET: .closed
            default: .failed
            }
    }
}

extension AttemptOutcome {
    /// The outcome of an attempt that met this failure.
    static func unreachable(_ failure: ConnectFailure) -> AttemptOutcome {
        .unreachable(failure.rawValue)
    }
}
