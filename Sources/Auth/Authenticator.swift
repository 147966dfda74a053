package import NIOCore
internal import OpenSSL
package import Webhooks

/// Says who posts, for one event loop: Basic authentication of RFC 7617.
///
/// Each event loop has its own, with a MAC of its own; what is known and what is counted is shared. Known credentials
/// cost about a microsecond; others are checked on the store's thread pool, behind the throttle.
package final class Authenticator {
    private let store: CredentialStore
    private let throttle: FailureThrottle
    private let eventLoop: any EventLoop
    private var mac: MAC

    /// An authenticator for one event loop.
    ///
    /// - Throws: what OpenSSL says when it is broken.
    package init(store: CredentialStore, throttle: FailureThrottle, eventLoop: any EventLoop) throws {
        self.store = store
        self.throttle = throttle
        self.eventLoop = eventLoop
        mac = try store.makeMAC()
    }

    /// Judges the `Authorization` of a request.
    ///
    /// | fields | verdict | counts as a failure |
    /// | --- | --- | --- |
    /// | none | `credentialsMissing`: how a challenge-first client begins | no |
    /// | several, another scheme, not to be parsed | `credentialsMalformed`: nothing is computed, so nothing is guessed | no |
    /// | known credentials | admitted, also from a throttled network | no |
    /// | right for another route | `credentialsWrong` | no |
    /// | wrong | `credentialsWrong`, later `throttled` | yes |
    ///
    /// - Parameters:
    ///   - headers: the header section of the request.
    ///   - client: whose failure a wrong password is.
    ///   - allowed: names of the users who may post on the route.
    ///   - now: the time to count with.
    /// - Returns: `pending` when a hash has to be computed, otherwise the verdict.
    package func evaluate(
        _ headers: HeaderFields,
        client: ClientAddress,
        allowed: Set<String>,
        now: NIODeadline
    ) -> Verdict {
        eventLoop.assertInEventLoop()
        guard let value = headers.only("authorization") else {
            return .challenge(headers.count("authorization") == 0 ? .credentialsMissing : .credentialsMalformed)
        }
        guard let credentials = BasicCredentials.parse(value) else { return .challenge(.credentialsMalformed) }
        let code = mac.code(of: credentials.joined)
        if let user = store.knownUser(for: code, now: now) {
            return allowed.contains(user) ? .admit(user: user) : .challenge(.credentialsWrong)
        }
        return store.check(
            credentials,
            code: code,
            allowed: allowed,
            network: client.network,
            throttle: throttle,
            now: now,
            eventLoop: eventLoop
        )
    }
}

@available(*, unavailable)
extension Authenticator: Sendable {}
