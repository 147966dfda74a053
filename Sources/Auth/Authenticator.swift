package import NIOCore
package import OpenSSL
package import Webhooks

/// Says who posts (RFC 7617). One per event loop, over a store that all loops share.
package final class Authenticator {
    private let store: CredentialStore
    private let throttle: FailureThrottle
    private let eventLoop: any EventLoop
    private var mac: MAC

    /// A front of the store for one loop.
    ///
    /// - Throws: what OpenSSL says when it has no HMAC.
    package init(
        store: CredentialStore,
        throttle: FailureThrottle,
        eventLoop: any EventLoop
    ) throws(OpenSSLError) {
        self.store = store
        self.throttle = throttle
        self.eventLoop = eventLoop
        mac = try MAC(key: store.cacheKey)
    }

    /// Looks at the credentials of a request.
    ///
    /// A credential that was right lately is admitted even from a throttled network: whoever guesses from there cannot
    /// lock the provider out.
    ///
    /// - Parameters:
    ///   - headers: of the request.
    ///   - client: who sent it.
    ///   - allowed: the users who may post here.
    ///   - now: the loop's time.
    package func evaluate(
        _ headers: HeaderFields,
        client: ClientAddress,
        allowed: Set<String>,
        now: NIODeadline
    ) -> Verdict {
        guard let value = headers.only("authorization") else {
            // Two of them are one too many: parsers disagree which one counts.
            return .challenge(headers.count("authorization") == 0 ? .credentialsMissing : .credentialsMalformed)
        }
        let digest = mac.code(of: Array(value.utf8))
        if let user = store.cached(digest, now: now) {
            return allowed.contains(user) ? .admit(user: user) : .challenge(.credentialsWrong)
        }
        guard let credentials = BasicCredentials(value) else { return .challenge(.credentialsMalformed) }
        // Who waits for a comparison that is under way costs nothing, and is counted only once.
        let isCounted = !store.isComparing(digest)
        if isCounted, let delay = throttle.begin(client.network, now: now) { return .throttled(retryAfter: delay) }
        switch store.compare(credentials, digest: digest, on: eventLoop) {
        case .right:
            return settle(true, credentials, digest, client, allowed, isCounted)
        case .wrong:
            return settle(false, credentials, digest, client, allowed, isCounted)
        case .overloaded:
            if isCounted { throttle.forgive(client.network) }
            return .overloaded
        case .pending(let isRight):
            let verdict = isRight.assumeIsolated().map { isRight in
                self.settle(isRight, credentials, digest, client, allowed, isCounted)
            }
            return .pending(verdict.nonisolated())
        }
    }

    private func settle(
        _ isRight: Bool,
        _ credentials: BasicCredentials,
        _ digest: Digest,
        _ client: ClientAddress,
        _ allowed: Set<String>,
        _ isCounted: Bool
    ) -> Verdict {
        guard isRight else { return .challenge(.credentialsWrong) }
        if isCounted { throttle.forgive(client.network) }
        store.remember(digest, user: credentials.user, now: eventLoop.now)
        return allowed.contains(credentials.user) ? .admit(user: credentials.user) : .challenge(.credentialsWrong)
    }
}

@available(*, unavailable)
extension Authenticator: Sendable {}
