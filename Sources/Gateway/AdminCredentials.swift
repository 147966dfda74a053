import Admin
import Auth
import NIOCore
import NIOPosix
import Webhooks

/// Judges operators as the routes judge senders: the same hashes, computed on the same pool, and the same throttle.
struct AdminCredentials: Sendable {
    private let authenticator: NIOLoopBound<Authenticator>
    private let users: Set<String>

    /// - Throws: a `PasswordHashError`, or what OpenSSL says when it is broken.
    init(
        _ configuration: GatewayConfiguration,
        users: [String],
        hashing: NIOThreadPool,
        on loop: any EventLoop
    ) async throws {
        self.users = Set(users)
        let accounts = configuration.users.filter { users.contains($0.name) }
        let store = try CredentialStore(accounts: accounts, hashing: hashing)
        authenticator = try await loop.submit {
            let authenticator = try Authenticator(store: store, throttle: FailureThrottle(), eventLoop: loop)
            return NIOLoopBound(authenticator, eventLoop: loop)
        }.get()
    }

    /// What the credentials of a request come to.
    func judge(_ headers: HeaderFields, _ client: ClientAddress) async -> AdminServer.Admission {
        let loop = authenticator.eventLoop
        let verdict = try? await loop.flatSubmit { [authenticator, users] in
            let verdict = authenticator.value.evaluate(headers, client: client, allowed: users, now: loop.now)
            // A hash is being computed elsewhere.
            if case .pending(let later) = verdict { return later }
            return loop.makeSucceededFuture(verdict)
        }.get()
        return switch verdict {
        case .admit: .admitted
        case .challenge: .challenged
        case .throttled(let wait): .delayed(Int((wait.nanoseconds + 999_999_999) / 1_000_000_000))
        // The process ends, or too many checks wait.
        case .overloaded, .pending, nil: .delayed(1)
        }
    }
}
