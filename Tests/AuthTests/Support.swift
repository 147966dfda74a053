import NIOCore
import NIOPosix
import Synchronization
import Webhooks

@testable import Auth

/// Base64 with padding (RFC 4648, section 4), to check the decoder against.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = Array(bytes[start..<min(start + 3, bytes.count)])
        let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for position in 0..<4 {
            text.append(position <= group.count ? alphabet[word >> (18 - 6 * position) & 63] : "=")
        }
    }
    return text
}

/// The value of an `Authorization` field.
func basic(_ user: String, _ password: String) -> String {
    "Basic " + base64(Array((user + ":" + password).utf8))
}

/// Numbers that are the same in every run (Steele, Lea and Flood's SplitMix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

/// Hashes that look right, for a computation that is not real.
///
/// The text of the digest is the password, padded.
enum FakeHash {
    static func bcrypt(_ password: String, cost: Int = 12) -> StoredPassword {
        .hash("$2b$\(cost)$" + pad(password, 53))
    }

    static func sha512(_ password: String) -> StoredPassword {
        .hash("$6$salt$" + pad(password, 86))
    }

    static func isOf(_ password: [UInt8], _ hash: PasswordHash) -> Bool {
        let text = String(decoding: password, as: UTF8.self)
        return hash.text.hasSuffix("$" + pad(text, 53)) || hash.text.hasSuffix("$" + pad(text, 86))
    }

    private static func pad(_ text: String, _ length: Int) -> String {
        text + String(repeating: ".", count: max(0, length - text.utf8.count))
    }
}

/// A store with fake hashes that are counted, and authenticators of it on one event loop.
final class AuthBench: Sendable {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let pool = NIOThreadPool(numberOfThreads: 2)
    let throttle: FailureThrottle
    let store: CredentialStore
    private let computed: Computed

    private final class Computed: Sendable {
        let hashes = Mutex<[PasswordHash.Scheme]>([])
    }

    init(
        _ accounts: [UserAccount],
        limit: Int = 10,
        cacheCapacity: Int = 1024,
        lifetime: TimeAmount = .minutes(10),
        whileComputing: @escaping @Sendable () -> Void = {}
    ) throws {
        throttle = FailureThrottle(limit: limit)
        let computed = Computed()
        self.computed = computed
        pool.start()
        store = try CredentialStore(
            accounts: accounts,
            hashing: pool,
            cacheCapacity: cacheCapacity,
            lifetime: lifetime,
            matches: { password, hash in
                whileComputing()
                computed.hashes.withLock { $0.append(hash.scheme) }
                return FakeHash.isOf(password, hash)
            }
        )
    }

    deinit {
        pool.shutdownGracefully { _ in }
    }

    /// Every computation so far.
    var computations: [PasswordHash.Scheme] { computed.hashes.withLock { $0 } }

    /// The first verdict, which may be `pending`.
    func ask(
        _ values: String...,
        from network: String = "192.0.2.1",
        allowed: Set<String> = ["alice", "bob"],
        at seconds: Int64 = 0
    ) async throws -> Verdict {
        try await loop.submit { [self] in
            let authenticator = try Authenticator(store: store, throttle: throttle, eventLoop: loop)
            let fields = [("Host", "hooks.example.net")] + values.map { ("Authorization", $0) }
            return authenticator.evaluate(
                HeaderFields(fields.map { (name: $0.0, value: $0.1) }),
                client: ClientAddress(try SocketAddress(ipAddress: network, port: 40_000)),
                allowed: allowed,
                now: .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds)
            )
        }.get()
    }

    /// The last verdict.
    func judge(
        _ value: String,
        from network: String = "192.0.2.1",
        allowed: Set<String> = ["alice", "bob"],
        at seconds: Int64 = 0
    ) async throws -> Outcome {
        try await ask(value, from: network, allowed: allowed, at: seconds).outcome()
    }
}

/// A verdict that is no longer pending, comparable.
enum Outcome: Equatable {
    case admit(String)
    case challenge(ReasonCode)
    case throttled(TimeAmount)
    case overloaded
}

extension Verdict {
    var isPending: Bool {
        if case .pending = self { true } else { false }
    }

    func outcome() async throws -> Outcome {
        switch self {
        case .admit(let user): .admit(user)
        case .challenge(let reason): .challenge(reason)
        case .throttled(let wait): .throttled(wait)
        case .overloaded: .overloaded
        case .pending(let future): try await future.get().outcome()
        }
    }
}
