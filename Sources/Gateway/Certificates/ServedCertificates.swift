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

    private struct State {
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

    private let configuration: TLSListenerConfiguration
    private let tickets: TicketKeys
    private let files: [String]
    private let state: Mutex<State>

    /// Reads the files of a listener.
    ///
    /// - Parameters:
    ///   - configuration: Names them.
    ///   - listener: Where they are served, for people.
    /// - Throws: `CredentialError`, which names the file and OpenSSL's reason, or `TicketKeyFileError`.
    init(_ configuration: TLSListenerConfiguration, listener: String) throws {
        self.listener = listener
        self.configuration = configuration
        let clients = configuration.clients
        files =
            configuration.certificates.flatMap { [$0.chain, $0.key] + [$0.ocsp?.file].compactMap { $0 } }
            + configuration.ticketKeys
            + [clients?.authorities, clients?.revocations].compactMap { $0 }
        // Before they are read: a change in between is seen as one.
        let marks = files.map(FileMark.init)
        let shared = TicketKeys(shared: try configuration.ticketKeys.map(TicketKeyFile.read))
        tickets = if let shared { shared } else { try TicketKeys() }
        let (context, leaves, staplings) = try ServedCertificates.load(configuration, tickets, known: [])
        store = CertificateStore(context)
        state = Mutex(State(leaves: leaves, staplings: staplings, read: marks, seen: marks))
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
    /// - Parameter isAsked: Whether somebody asks for it, so that it happens at once.
    /// - Returns: what it came to.
    func refresh(isAsked: Bool) -> Change {
        let marks = files.map(FileMark.init)
        let isDue = state.withLock { state in
            let isDue = isAsked || (marks != state.read && marks == state.seen)
            state.seen = marks
            if isDue { state.read = marks }
            return isDue
        }
        guard isDue else { return .none }
        do {
            // A renewal that ends sooner than it should is the operator's; one that has ended is nobody's.
            if let error = findings.first(where: { $0.severity == .error }) { return .refused(error.message) }
            let keys = try configuration.ticketKeys.map(TicketKeyFile.read)
            let (context, leaves, staplings) = try ServedCertificates.load(configuration, tickets, known: staplings)
            tickets.replace(by: keys)
            store.replace(by: context)
            let old = state.withLock { state in
                let old = state.leaves
                state.leaves = leaves
                state.staplings = staplings
                return old
            }
            return old.map(\.fingerprint) == leaves.map(\.fingerprint) ? .none : .replaced(old: old, new: leaves)
        } catch {
            return .refused("\(error)")
        }
    }

    private var findings: [CertificateChecks.Finding] {
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
                // What was fetched for the same certificate goes on; a file may be another one.
                known.first { $0.isFetched && source == .fetch && $0.chain.leaf.fingerprint == chain.leaf.fingerprint }
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
