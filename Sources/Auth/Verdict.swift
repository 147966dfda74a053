package import NIOCore
package import Webhooks

/// What is to be done with a request, as far as its credentials go.
package enum Verdict: Sendable {
    /// This user may post here.
    case admit(user: String)
    /// 401 with a challenge.
    case challenge(ReasonCode)
    /// 429: too many wrong passwords came from there. No hash was computed.
    case throttled(retryAfter: TimeAmount)
    /// 503: too many hashes are being computed.
    case overloaded
    /// A hash is being computed; the future is of the caller's loop and never fails.
    case pending(EventLoopFuture<Verdict>)
}
