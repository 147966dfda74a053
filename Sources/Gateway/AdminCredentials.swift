import Admin
import Auth
import NIOCore
import NIOPosix
import Webhooks

/// Judges operators as the routes judge senders: the same hashes, computed on the same pool, and the same throttle.
struct AdminCredentials: Sendable {
    /// The accounts of another configuration on their way.
    typealias Prepared = NIOLoopBound<Authenticator>

    private let authenticator: NIOLoopBoundBox<Authenticator>
    private let hashing: NIOThreadPool
    private let throttle = FailureThrottle()
    private let users: Set<String>

    /// - Throws: a `PasswordHashError`, or what OpenSSL says when it is broken.
    init(
        _ configuration: GatewayConfiguration,
        users: [String],
        hashing: NIOThreadPool,
        on loop: any EventLoop
    ) async throws {
        self.users = Set(users)
        self.hashing = hashing
        let store = try AdminCredentials.store(configuration, Set(users), hashing)
        authenticator = try await loop.submit { [throttle] in
            let authenticator = try Authenticator(store: store, throttle: throttle, eventLoop: loop)
            return NIOLoopBoundBox(authenticator, eventLoop: loop)
        }.get()
    }

    private static func store(
        _ configuration: GatewayConfiguration,
        _ users: Set<String>,
        _ hashing: NIOThreadPool
    ) throws -> CredentialStore {
        let accounts = configuration.users.filter { users.contains($0.name) }
        return try CredentialStore(accounts: accounts, hashing: hashing)
    }

    /// The accounts of another configuration, which `replace` puts in force.
    ///
    /// - Throws: a `PasswordHashError`, or what OpenSSL says when it is broken.
    func prepare(_ configuration: GatewayConfiguration) async throws -> Prepared {
        let store = try AdminCredentials.store(configuration, users, hashing)
        let loop = authenticator.eventLoop
        return try await loop.submit { [throttle] in
            NIOLoopBound(try Authenticator(store: store, throttle: throttle, eventLoop: loop), eventLoop: loop)
        }.get()
    }

    /// Judges by these accounts from now on.
    func replace(by prepared: Prepared) async {
        try? await authenticator.eventLoop.submit { [authenticator] in authenticator.value = prepared.value }.get()
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
