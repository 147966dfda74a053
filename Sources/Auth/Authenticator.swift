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
    /// What this loop knows of `CredentialStore.admissions`, so that the lock is rarely needed.
    private var admissions = Admissions(capacity: 1024)

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
    /// | known credentials | admitted; from a throttled network only if they were right from there before | no |
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
        guard let value = headers.only(.authorization) else {
            return .challenge(headers.count(.authorization) == 0 ? .credentialsMissing : .credentialsMalformed)
        }
        guard let credentials = BasicCredentials.parse(value) else { return .challenge(.credentialsMalformed) }
        let code = mac.code(of: credentials.joined)
        if let user = store.knownUser(for: code, now: now) {
            if let wait = delay(Admission(code: code, network: client.network), now: now) {
                return .throttled(retryAfter: wait)
            }
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

    /// How long right credentials have to wait; nil when they have not.
    ///
    /// A throttled network may be guessing: only what was right from there before gets through, since an address can be
    /// shared with a sender. All the rest waits, right or wrong, so that nothing is learnt.
    private func delay(_ admission: Admission, now: NIODeadline) -> TimeAmount? {
        if admissions.contains(admission) { return nil }
        if let wait = store.admit(admission, throttle: throttle, now: now) { return wait }
        admissions.insert(admission)
        return nil
    }
}

@available(*, unavailable)
extension Authenticator: Sendable {}
