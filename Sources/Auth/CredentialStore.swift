package import NIOCore
package import NIOPosix
internal import OpenSSL
internal import Synchronization
internal import Webhooks

/// The accounts, what is remembered of verified credentials, and the checks under way.
///
/// Shared by all event loops.
///
/// Credentials are known by their HMAC-SHA256 under a key that is made here and dies with the store: looking one up tells
/// a stranger nothing by its time. A plain password is kept as that code from the start, so it costs no more than a
/// look-up. Hashes are computed on a thread pool, each credential at most once at a time however many connections
/// bring it, and no more than `maxChecks` credentials wait. A new configuration is a new store.
package final class CredentialStore: Sendable {
    /// Checks that wait or run at once.
    ///
    /// With libcrypt's default cost and one thread that is less than a second of work, with bcrypt's usual cost seven.
    static let maxChecks = 32

    /// Computes one hash and compares.
    typealias Matches = @Sendable (_ password: [UInt8], _ hash: PasswordHash) -> Bool

    /// Somebody who asked for a check.
    struct Asker: Sendable {
        let promise: EventLoopPromise<Verdict>
        /// Who may post on the asker's route.
        let allowed: Set<String>
    }

    private struct State {
        var cache: CredentialCache
        var checks: [Digest: [Asker]] = [:]
        var admissions = Admissions(capacity: 8192)
    }

    private enum Entry {
        case joined
        case begun
        case full
    }

    private let key: [UInt8]
    private let plain: [Digest: String]
    private let plan: VerificationPlan
    private let hashing: NIOThreadPool
    private let matches: Matches
    private let state: Mutex<State>

    /// Prepares the accounts.
    ///
    /// - Parameters:
    ///   - accounts: who may post. Accounts of one name are one account.
    ///   - hashing: where hashes are computed; started, and shut down, by its owner.
    ///   - cacheCapacity: verified credentials that are remembered, from 1.
    ///   - lifetime: how long they are remembered after their last use. They cannot become wrong while the store lives,
    ///     so this only bounds how long a code stays in memory that nobody needs.
    /// - Throws: a `PasswordHashError` for a hash that is not accepted; what OpenSSL says when it is broken.
    package convenience init(
        accounts: [UserAccount],
        hashing: NIOThreadPool,
        cacheCapacity: Int = 1024,
        lifetime: TimeAmount = .hours(24)
    ) throws {
        try self.init(
            accounts: accounts,
            hashing: hashing,
            cacheCapacity: cacheCapacity,
            lifetime: lifetime,
            matches: { password, hash in hash.matches(password) }
        )
    }

    /// A store whose hashes are computed by something else.
    init(
        accounts: [UserAccount],
        hashing: NIOThreadPool,
        cacheCapacity: Int,
        lifetime: TimeAmount,
        matches: @escaping Matches
    ) throws {
        key = try RandomBytes.make(count: 32)
        var mac = try MAC(key: key)
        var plain: [Digest: String] = [:]
        var hashes: [String: [PasswordHash]] = [:]
        for account in accounts {
            for password in account.passwords {
                switch password {
                case .plain(let secret):
                    plain[mac.code(of: Array((account.name + ":" + secret.exposed).utf8))] = account.name
                case .hash(let text):
                    hashes[account.name, default: []].append(try PasswordHash(text))
                }
            }
        }
        self.plain = plain
        plan = VerificationPlan(hashes)
        self.hashing = hashing
        self.matches = matches
        state = Mutex(State(cache: CredentialCache(capacity: cacheCapacity, lifetime: lifetime)))
    }

    /// A MAC under the store's key, for one event loop.
    ///
    /// - Throws: what OpenSSL says when it is broken.
    func makeMAC() throws -> MAC {
        try MAC(key: key)
    }

    /// The user of credentials that need no check: a plain password, or verified lately.
    func knownUser(for code: Digest, now: NIODeadline) -> String? {
        if let user = plain[code] { return user }
        guard !plan.isEmpty else { return nil }
        return state.withLock { $0.cache.user(for: code, now: now) }
    }

    /// Notes that credentials were right from a network.
    ///
    /// - Returns: nil; or how long to wait, when the network is throttled and they were never right from there.
    func admit(_ admission: Admission, throttle: FailureThrottle, now: NIODeadline) -> TimeAmount? {
        if state.withLock({ $0.admissions.contains(admission) }) { return nil }
        if let wait = throttle.delay(of: admission.network, now: now) { return wait }
        state.withLock { $0.admissions.insert(admission) }
        return nil
    }

    /// Checks credentials that are not known.
    ///
    /// `code` is their MAC, `network` the one whose failure a wrong password is. Failures and cache count with `now`, and
    /// the result is wanted on `eventLoop`.
    func check(
        _ credentials: BasicCredentials,
        code: Digest,
        allowed: Set<String>,
        network: UInt64,
        throttle: FailureThrottle,
        now: NIODeadline,
        eventLoop: any EventLoop
    ) -> Verdict {
        let asker = Asker(promise: eventLoop.makePromise(), allowed: allowed)
        let verdict = Verdict.pending(asker.promise.futureResult)
        // Joining computes nothing, so it needs no leave: connections of one sender arrive by the dozen after a start.
        // Nor does a joined failure count: a guess that is made twice is one guess.
        if case .joined = enter(code, asker, mayBegin: false) { return verdict }
        if let wait = throttle.begin(network, now: now) { return asker.decline(.throttled(retryAfter: wait)) }
        guard !plan.isEmpty else {
            throttle.finish(network, failed: true, now: now)
            return asker.decline(.challenge(.credentialsWrong))
        }
        switch enter(code, asker, mayBegin: true) {
        case .joined:
            throttle.finish(network, failed: false, now: now)
        case .full:
            throttle.finish(network, failed: false, now: now)
            return asker.decline(.overloaded)
        case .begun:
            hashing.submit { poolState in
                let user = credentials.user
                guard poolState == .active else {
                    // The pool is shut down; nothing was computed, so nothing is known.
                    throttle.finish(network, failed: false, now: now)
                    return self.finish(code, with: nil, network: network, now: now)
                }
                let isRight = self.plan.verify(credentials.password, of: user, matches: self.matches)
                throttle.finish(network, failed: !isRight, now: now)
                self.finish(code, with: (user, isRight), network: network, now: now)
            }
        }
        return verdict
    }

    /// Takes an asker in for the check of this code, if it is under way or may begin.
    private func enter(_ code: Digest, _ asker: Asker, mayBegin: Bool) -> Entry {
        state.withLock { state in
            if state.checks[code]?.append(asker) != nil { return .joined }
            guard mayBegin, state.checks.count < CredentialStore.maxChecks else { return .full }
            state.checks[code] = [asker]
            return .begun
        }
    }

    /// Ends a check and tells everybody who asked.
    private func finish(
        _ code: Digest,
        with result: (user: String, isRight: Bool)?,
        network: UInt64,
        now: NIODeadline
    ) {
        let askers = state.withLock { state in
            if let result, result.isRight {
                state.cache.insert(result.user, for: code, now: now)
                state.admissions.insert(Admission(code: code, network: network))
            }
            return state.checks.removeValue(forKey: code) ?? []
        }
        for asker in askers {
            let verdict: Verdict =
                if let result {
                    result.isRight && asker.allowed.contains(result.user)
                        ? .admit(user: result.user) : .challenge(.credentialsWrong)
                } else {
                    .overloaded
                }
            asker.promise.succeed(verdict)
        }
    }
}

extension CredentialStore.Asker {
    /// Says no at once; the promise, which nobody waits for, is kept all the same.
    fileprivate func decline(_ verdict: Verdict) -> Verdict {
        promise.succeed(verdict)
        return verdict
    }
}
