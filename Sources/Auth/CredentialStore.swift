package import NIOCore
package import NIOPosix
import OpenSSL
import Synchronization

/// The users with their passwords, and what was found right lately. Shared by all loops.
package final class CredentialStore: Sendable {
    /// Hash computations that may be under way or queued. At a tenth of a second each, more would not come in time.
    static let maxComputations = 64

    /// One user, prepared for comparing.
    struct Account: Sendable {
        var name: String
        /// Digests of passwords that stand in the configuration in plain text.
        var plain: [Digest]
        var hashes: [PasswordHash]
    }

    /// The keys of this process: one for what is cached, one for comparing plain passwords.
    let cacheKey: [UInt8]
    private let plainKey: [UInt8]
    private let accounts: [String: Account]
    private let hashing: NIOThreadPool
    private let cache: Mutex<CredentialCache>
    /// Those who wait for a computation, by credential: the same one is computed once.
    private let waiting = Mutex<[Digest: [EventLoopPromise<Bool>]]>([:])
    /// What an unknown user is compared with, and what pads users with fewer hashes: every wrong password costs the same.
    private let decoy: PasswordHash?
    private let computations: Int
    private let verify: @Sendable (PasswordHash, String) -> Bool

    /// Prepares the users.
    ///
    /// - Parameters:
    ///   - accounts: with names that differ.
    ///   - hashing: where hashes are computed, off the event loops.
    ///   - cacheCapacity: credentials that are remembered.
    ///   - lifetime: how long; after it the hash is computed again.
    ///   - verify: compares; tests count with it.
    /// - Throws: `PasswordHash.Invalid`, or what OpenSSL says when it has no randomness.
    package init(
        accounts: [UserAccount],
        hashing: NIOThreadPool,
        cacheCapacity: Int = 1024,
        lifetime: TimeAmount = .minutes(10),
        verify: @escaping @Sendable (PasswordHash, String) -> Bool = { $0.matches($1) }
    ) throws {
        cacheKey = try RandomBytes.make(count: 32)
        plainKey = try RandomBytes.make(count: 32)
        var mac = try MAC(key: plainKey)
        var prepared: [String: Account] = [:]
        for account in accounts {
            var entry = Account(name: account.name, plain: [], hashes: [])
            for password in account.passwords {
                switch password {
                case .hash(let text): entry.hashes.append(try PasswordHash(text))
                case .plain(let secret): entry.plain.append(mac.code(of: Array(secret.exposed.utf8)))
                }
            }
            prepared[account.name] = entry
        }
        self.accounts = prepared
        self.hashing = hashing
        self.verify = verify
        cache = Mutex(CredentialCache(capacity: cacheCapacity, lifetime: lifetime))
        computations = prepared.values.map(\.hashes.count).max() ?? 0
        decoy = prepared.values.max { $0.hashes.count < $1.hashes.count }?.hashes.first
    }

    /// The user whose credential was found right lately.
    func cached(_ digest: Digest, now: NIODeadline) -> String? {
        cache.withLock { $0.user(digest, now: now) }
    }

    /// Remembers a credential that was found right.
    func remember(_ digest: Digest, user: String, now: NIODeadline) {
        cache.withLock { $0.insert(digest, user: user, now: now) }
    }

    /// What comparing has come to.
    enum Comparison {
        case right
        case wrong
        /// A hash is being computed on another thread.
        case pending(EventLoopFuture<Bool>)
        case overloaded
    }

    /// Whether this very credential is being compared already.
    func isComparing(_ digest: Digest) -> Bool {
        waiting.withLock { $0[digest] != nil }
    }

    /// Compares a credential with what is stored. An unknown user costs what a wrong password costs.
    func compare(_ credentials: BasicCredentials, digest: Digest, on eventLoop: any EventLoop) -> Comparison {
        let account = accounts[credentials.user]
        if matchesPlain(credentials.password, account) { return .right }
        guard let decoy else { return .wrong }

        let promise = eventLoop.makePromise(of: Bool.self)
        enum Place {
            case first
            case behind
            case none
        }
        let place: Place = waiting.withLock { waiting in
            if waiting[digest] != nil {
                waiting[digest]?.append(promise)
                return .behind
            }
            guard waiting.count < CredentialStore.maxComputations else { return .none }
            waiting[digest] = [promise]
            return .first
        }
        switch place {
        case .none:
            promise.succeed(false)
            return .overloaded
        case .behind:
            return .pending(promise.futureResult)
        case .first:
            let hashes = account?.hashes ?? []
            let padding = Array(repeating: decoy, count: computations - hashes.count)
            hashing.submit { state in
                // Cancelled means that the process is going down.
                let isRight = state == .active && self.matches(credentials.password, hashes, padding)
                let promises = self.waiting.withLock { $0.removeValue(forKey: digest) } ?? []
                for promise in promises { promise.succeed(isRight) }
            }
            return .pending(promise.futureResult)
        }
    }

    /// Compares digests, so that neither length nor content shows in the duration; an account without any gets one.
    private func matchesPlain(_ password: String, _ account: Account?) -> Bool {
        guard accounts.values.contains(where: { !$0.plain.isEmpty }), var mac = try? MAC(key: plainKey) else { return false }
        let digest = mac.code(of: Array(password.utf8))
        var isRight = false
        for known in account?.plain ?? [] where known == digest { isRight = true }
        return isRight
    }

    private func matches(_ password: String, _ hashes: [PasswordHash], _ padding: [PasswordHash]) -> Bool {
        for hash in hashes where verify(hash, password) { return true }
        for hash in padding { _ = verify(hash, password) }
        return false
    }
}
