package import NIOCore
package import Webhooks

/// What the authenticator says of a request.
package enum Verdict: Sendable {
    /// The request is this user's, who may post on the route.
    case admit(user: String)
    /// 401 with `WWW-Authenticate`: `credentialsMissing`, `credentialsMalformed` or `credentialsWrong`.
    case challenge(ReasonCode)
    /// Nothing was checked: too many failures of this network. More than zero.
    case throttled(retryAfter: TimeAmount)
    /// Nothing was checked: too many checks wait, whoever asked for them.
    case overloaded
    /// A hash is being computed elsewhere.
    ///
    /// The future completes on the asking event loop with one of the other cases and never fails.
    case pending(EventLoopFuture<Verdict>)
}
