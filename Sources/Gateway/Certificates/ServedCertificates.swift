import Auth
import OpenSSL
import Synchronization
import TLS

/// The certificates of one listener: what is served, and the files that it came from.
///
/// A renewed pair is checked and tried before anybody gets it; one that is not good leaves the old in place. All of
/// it blocks on the disk, and belongs on a thread that may.
final class ServedCertificates: Sendable {
    /// What a look at the files came to.
    enum Change {
        /// Nothing that was not known.
        case none
        /// Other certificates are served from now on.
        case replaced(old: [Certificate], new: [Certificate])
        /// The files hold something else that cannot be served, for this reason; the old goes on.
        case refused(String)
    }

    /// What would be served: read, checked and tried, and nobody gets it yet.
    struct Prepared: Sendable {
        fileprivate let configuration: TLSListenerConfiguration
        fileprivate let context: TLSContext
        fileprivate let leaves: [Certificate]
        fileprivate let staplings: [Stapling]
        fileprivate let keys: [TicketKeys.Key]
        fileprivate let marks: [FileMark?]
        /// How often something else had been served before.
        fileprivate let generation: Int
    }

    private struct State {
        var configuration: TLSListenerConfiguration
        /// How often something else was served.
        var generation = 0
        /// Of every identity the server's own.
        var leaves: [Certificate]
        /// Of those that have one.
        var staplings: [Stapling]
        /// The files as they were when they were read last, for good or bad.
        var read: [FileMark?]
        /// The files at the last look: they are read when they have come to rest.
        var seen: [FileMark?]
    }

    /// Where it is served, `0.0.0.0:8443`.
    let listener: String
    /// What connections take.
    let store: CertificateStore

    private let tickets: TicketKeys
    private let state: Mutex<State>

    /// Reads the files of a listener.
    ///
    /// - Parameters:
    ///   - configuration: Names them.
    ///   - listener: Where they are served, for people.
    /// - Throws: `CredentialError`, which names the file and OpenSSL's reason, or `TicketKeyFileError`.
    init(_ configuration: TLSListenerConfiguration, listener: String) throws {
        self.listener = listener
        // Before they are read: a change in between is seen as one.
        let marks = configuration.files.map(FileMark.init)
        let shared = TicketKeys(shared: try configuration.ticketKeys.map(TicketKeyFile.read))
        tickets = if let shared { shared } else { try TicketKeys() }
        let (context, leaves, staplings) = try ServedCertificates.load(configuration, tickets, known: [])
        store = CertificateStore(context)
        state = Mutex(
            State(configuration: configuration, leaves: leaves, staplings: staplings, read: marks, seen: marks)
        )
    }

    /// The OCSP responses of the certificates that are to have one.
    var staplings: [Stapling] { state.withLock { $0.staplings } }

    /// The servers' own certificates that are in use.
    var leaves: [Certificate] { state.withLock { $0.leaves } }

    /// Looks whether the files have changed.
    ///
    /// Files that change are read once they have stayed the same from one look to the next, and all at once: they are
    /// rarely written at the same time.
    ///
    /// - Returns: what it came to.
    func refresh() -> Change {
        let configuration = state.withLock { $0.configuration }
        let marks = configuration.files.map(FileMark.init)
        let isDue = state.withLock { state in
            let isDue = marks != state.read && marks == state.seen
            state.seen = marks
            if isDue { state.read = marks }
            return isDue
        }
        guard isDue else { return .none }
        do {
            return adopt(try prepare(configuration), unlessOutdated: true)
        } catch {
            return .refused("\(error)")
        }
    }

    /// Reads what a configuration names, and tries it.
    ///
    /// - Parameter configuration: This or another one.
    /// - Returns: what `adopt` serves.
    /// - Throws: why it cannot be served; the old goes on.
    func prepare(_ configuration: TLSListenerConfiguration) throws -> Prepared {
        let generation = state.withLock { $0.generation }
        let marks = configuration.files.map(FileMark.init)
        // A renewal that ends sooner than it should is the operator's; one that has ended is nobody's.
        let findings = ServedCertificates.findings(configuration)
        if let error = findings.first(where: { $0.severity == .error }) { throw Refusal(description: error.message) }
        let keys = try configuration.ticketKeys.map(TicketKeyFile.read)
        let (context, leaves, staplings) = try ServedCertificates.load(configuration, tickets, known: staplings)
        return Prepared(
            configuration: configuration,
            context: context,
            leaves: leaves,
            staplings: staplings,
            keys: keys,
            marks: marks,
            generation: generation
        )
    }

    /// Serves it from now on.
    ///
    /// - Parameters:
    ///   - prepared: What `prepare` came to.
    ///   - unlessOutdated: Whether it is dropped when something else has been adopted since it was prepared.
    /// - Returns: what it came to.
    func adopt(_ prepared: Prepared, unlessOutdated: Bool = false) -> Change {
        let old: [Certificate]? = state.withLock { state in
            if unlessOutdated, state.generation != prepared.generation { return nil }
            // Inside the lock, so that what is served is what the state says.
            tickets.replace(by: prepared.keys)
            store.replace(by: prepared.context)
            let old = state.leaves
            state = State(
                configuration: prepared.configuration,
                generation: state.generation + 1,
                leaves: prepared.leaves,
                staplings: prepared.staplings,
                read: prepared.marks,
                seen: prepared.marks
            )
            return old
        }
        guard let old else { return .none }
        let isSame = old.map(\.fingerprint) == prepared.leaves.map(\.fingerprint)
        return isSame ? .none : .replaced(old: old, new: prepared.leaves)
    }

    /// What is wrong with files, in words.
    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private static func findings(_ configuration: TLSListenerConfiguration) -> [CertificateChecks.Finding] {
        configuration.certificates.flatMap { files in
            CertificateChecks.run(
                chainFile: files.chain,
                keyFile: files.key,
                passPhrase: files.passPhrase?.exposed
            ).findings
        }
    }

    /// Reads everything, and shakes hands with it once for every name.
    private static func load(
        _ configuration: TLSListenerConfiguration,
        _ tickets: TicketKeys,
        known: [Stapling]
    ) throws(CredentialError) -> (TLSContext, [Certificate], [Stapling]) {
        var all: [TLSIdentity] = []
        var staplings: [Stapling] = []
        for files in configuration.certificates {
            let chain = try CertificateChain(file: files.chain)
            let key = try PrivateKey(file: files.key, passPhrase: files.passPhrase?.exposed)
            let stapling = files.ocsp.map { source in
                // What was fetched for the same certificate goes on, unless its issuer came or went; a file may be another.
                known.first { $0.isFetched && source == .fetch && $0.chain.fingerprints == chain.fingerprints }
                    ?? Stapling(source, chain: chain)
            }
            if let stapling { staplings.append(stapling) }
            all.append(TLSIdentity(chain: chain, key: key, staple: stapling?.staple))
        }
        let identities = TLSContext.Identities(
            all,
            defaultName: configuration.defaultName,
            refusesUnknownNames: configuration.refusesUnknownNames
        )
        // The configuration was checked: the version is one of the two.
        let version = TLSPolicy.Version(rawValue: configuration.minimumVersion) ?? .tls12
        let policy = TLSPolicy(
            minimumVersion: version,
            applicationProtocols: TLSPolicy.protocols(http2: configuration.offersHTTP2)
        )
        // Whoever tries has no certificate to show.
        let open = try TLSContext.server(identities, policy: policy, tickets: tickets)
        for name in [nil] + identities.trialNames { try HandshakeTrial.run(open, name: name, policy: policy) }
        let leaves = all.map(\.chain.leaf)
        guard let clients = configuration.clients else { return (open, leaves, staplings) }
        let verification = try ClientVerification(clients)
        return (
            try TLSContext.server(identities, policy: policy, tickets: tickets, clients: verification), leaves,
            staplings
        )
    }
}

extension TLSListenerConfiguration {
    /// The files that it is read from.
    fileprivate var files: [String] {
        certificates.flatMap { [$0.chain, $0.key] + [$0.ocsp?.file].compactMap { $0 } } + ticketKeys
            + [clients?.authorities, clients?.revocations].compactMap { $0 }
    }
}

extension CertificateChain {
    /// Of all its certificates.
    fileprivate var fingerprints: [Digest] { certificates.map(\.fingerprint) }
}

extension OCSPSource {
    /// The file, if it is one.
    fileprivate var file: String? { if case .file(let path) = self { path } else { nil } }
}

extension ClientVerification {
    /// Reads the files that a configuration names.
    convenience init(_ configuration: ClientCertificateConfiguration) throws(CredentialError) {
        try self.init(
            need: configuration.need,
            authorities: configuration.authorities,
            revocations: configuration.revocations,
            pins: configuration.pins
        )
    }
}
