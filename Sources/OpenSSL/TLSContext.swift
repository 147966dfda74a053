internal import COpenSSL

/// Everything that the connections of one listener or one kind of client share: certificates, key, policy, ticket keys.
///
/// Prepared once; a connection takes a reference. Immutable once made.
///
/// `@unchecked Sendable`: openssl-threads(7) and SSL_CTX_new(3): an `SSL_CTX` is reference-counted and may be used by
/// several threads at once "as long as it is not changed", and nothing here changes it after `init`.
package final class TLSContext: @unchecked Sendable {
    /// Which end of a connection the context is for.
    package enum Role: Sendable {
        case server
        case client
    }

    /// Where a client's trust begins.
    package enum Trust: Sendable {
        /// The system's certificate authorities.
        case system
        /// The certificates in a PEM file, and no others.
        case file(String)
        /// The certificates in PEM text, and no others.
        case pem(String)
        /// Anybody is believed. For tools that only look; a connection made so is not secure.
        case anybody
    }

    /// Which end this is for.
    package let role: Role
    /// The oldest version that is spoken: the policy's, or the system's if that is stricter.
    package let minimumVersion: TLSPolicy.Version
    private let context: Owned
    /// Kept for the callbacks that point at them.
    private let protocols: ProtocolList
    private let tickets: TicketKeys?
    private let names: ServerNames?
    private let clients: ClientVerification?
    private let staples: StapledResponses?
    /// The short fingerprints of the certificates that are served, those under other names included; by the address of
    /// the `X509`.
    let fingerprints: [OpaquePointer: String]

    /// A context that serves `chain` with its `key`.
    ///
    /// - Throws: what OpenSSL says against the key, the chain or the policy.
    package static func server(
        chain: CertificateChain,
        key: PrivateKey,
        policy: TLSPolicy = TLSPolicy()
    ) throws(CredentialError) -> TLSContext {
        try server([TLSIdentity(chain: chain, key: key)], policy: policy, tickets: nil, clients: nil, names: nil)
    }

    /// A context that serves the first of these whose key the client knows.
    static func server(
        _ identities: [TLSIdentity],
        policy: TLSPolicy,
        tickets: TicketKeys?,
        clients: ClientVerification?,
        names: ServerNames?
    ) throws(CredentialError) -> TLSContext {
        let context = try TLSContext(
            role: .server,
            policy: policy,
            tickets: tickets,
            clients: clients,
            names: names,
            staples: StapledResponses(identities),
            fingerprints: fingerprints(of: identities, and: names)
        )
        for identity in identities { try context.use(chain: identity.chain, key: identity.key) }
        context.configureServer()
        try clients?.install(in: context.context.pointer)
        return context
    }

    private static func fingerprints(of identities: [TLSIdentity], and names: ServerNames?) -> [OpaquePointer: String] {
        identities.reduce(into: names?.fingerprints ?? [:]) { all, identity in
            // SSL_CTX_use_certificate(3) takes another reference to the same object.
            identity.chain.leaf.withPointer { all[$0] = identity.chain.leaf.shortFingerprint }
        }
    }

    /// A context for connections to others.
    ///
    /// Their certificate and name are verified unless `trust` is `.anybody`.
    ///
    /// - Parameters:
    ///   - trust: Where trust begins.
    ///   - identity: What is shown to a server that asks for a certificate.
    ///   - asksForStatus: Whether an OCSP response is asked for; nobody but the one who reads it looks at it.
    ///   - policy: What is offered.
    /// - Returns: the context of a client.
    /// - Throws: what is wrong with the file of trusted certificates, or what OpenSSL says against the policy.
    package static func client(
        trust: Trust = .system,
        identity: TLSIdentity? = nil,
        asksForStatus: Bool = false,
        policy: TLSPolicy = TLSPolicy()
    ) throws(CredentialError) -> TLSContext {
        let context = try TLSContext(role: .client, policy: policy)
        if let identity { try context.use(chain: identity.chain, key: identity.key) }
        try context.configureClient(trust: trust)
        if asksForStatus {
            context.withPointer { _ = COpenSSL_SSL_CTX_set_tlsext_status_type($0, TLSEXT_STATUSTYPE_ocsp) }
        }
        return context
    }

    private init(
        role: Role,
        policy: TLSPolicy,
        tickets: TicketKeys? = nil,
        clients: ClientVerification? = nil,
        names: ServerNames? = nil,
        staples: StapledResponses? = nil,
        fingerprints: [OpaquePointer: String] = [:]
    ) throws(CredentialError) {
        ErrorQueue.clear()
        let method = role == .server ? TLS_server_method() : TLS_client_method()
        guard let context = Owned(SSL_CTX_new(method), SSL_CTX_free) else {
            throw .refused("TLS context", ErrorQueue.cause(of: "SSL_CTX_new"))
        }
        self.role = role
        // A policy that ends before the system's begins is for tests and tools, and means what it says.
        let isStricter = policy.maximumVersion == .tls13 && SystemPolicy.isStricter(context.pointer)
        minimumVersion = isStricter ? .tls13 : policy.minimumVersion
        self.context = context
        protocols = ProtocolList(policy.applicationProtocols)
        self.tickets = tickets
        self.clients = clients
        self.names = names
        self.staples = staples
        self.fingerprints = fingerprints
        try apply(policy)
    }

    /// Lends the `SSL_CTX`.
    func withPointer<Result: ~Copyable>(_ body: (OpaquePointer) -> Result) -> Result {
        body(context.pointer)
    }

    private func apply(_ policy: TLSPolicy) throws(CredentialError) {
        let context = context.pointer
        let applied =
            COpenSSL_SSL_CTX_set_min_proto_version(context, minimumVersion.number) == 1
            && COpenSSL_SSL_CTX_set_max_proto_version(context, policy.maximumVersion.number) == 1
            && SSL_CTX_set_cipher_list(context, TLSPolicy.tls12Suites) == 1
            && SSL_CTX_set_ciphersuites(context, TLSPolicy.tls13Suites) == 1
            && COpenSSL_SSL_CTX_set1_groups_list(context, TLSPolicy.groups) == 1
        guard applied else { throw .refused("TLS policy", ErrorQueue.cause(of: "the policy")) }
        SSL_CTX_set_options(context, COpenSSL_SSL_OP_NO_COMPRESSION() | COpenSSL_SSL_OP_NO_RENEGOTIATION())
        // RELEASE_BUFFERS: an idle connection keeps no record buffers (34 KiB). MOVING_WRITE_BUFFER: a ByteBuffer's
        // address says nothing. NO_AUTO_CHAIN: what the operator gave is what is sent, not searched for anew each time.
        _ = COpenSSL_SSL_CTX_set_mode(
            context,
            SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN
        )
        _ = COpenSSL_SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF)
    }

    private func use(chain: CertificateChain, key: PrivateKey) throws(CredentialError) {
        let context = context.pointer
        let leaf = chain.leaf.withPointer { SSL_CTX_use_certificate(context, $0) }
        guard leaf == 1 else { throw .refused(chain.name, ErrorQueue.cause(of: "SSL_CTX_use_certificate")) }
        for certificate in chain.intermediates {
            let added = certificate.withPointer { COpenSSL_SSL_CTX_add1_chain_cert(context, $0) }
            guard added == 1 else { throw .refused(chain.name, ErrorQueue.cause(of: "SSL_CTX_add1_chain_cert")) }
        }
        let used = key.withPointer { SSL_CTX_use_PrivateKey(context, $0) }
        guard used == 1, SSL_CTX_check_private_key(context) == 1 else {
            throw .refused(key.name, ErrorQueue.cause(of: "SSL_CTX_use_PrivateKey"))
        }
    }

    private func configureServer() {
        let context = context.pointer
        // The server's order of suites holds, except that a client which puts ChaCha20 first gets it.
        SSL_CTX_set_options(
            context,
            COpenSSL_SSL_OP_CIPHER_SERVER_PREFERENCE() | COpenSSL_SSL_OP_PRIORITIZE_CHACHA()
        )
        // One stateless ticket: each costs a derivation, an encryption and about 250 bytes. No early data: a request
        // that can be replayed is a webhook that happens twice.
        SSL_CTX_set_num_tickets(context, 1)
        SSL_CTX_set_max_early_data(context, 0)
        SSL_CTX_set_timeout(context, TLSPolicy.ticketLifetime)
        let name = Array("hookgate".utf8)
        SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
        if !protocols.bytes.isEmpty { protocols.install(in: context) }
        tickets?.install(in: context)
        names?.install(in: context)
        staples?.install(in: context)
    }

    private func configureClient(trust: Trust) throws(CredentialError) {
        let context = context.pointer
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        switch trust {
        case .system:
            guard SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw .refused("trusted certificates", ErrorQueue.cause(of: "SSL_CTX_set_default_verify_paths"))
            }
        case .file(let path):
            try trustOnly(CertificateChain(file: path), in: context)
        case .pem(let text):
            try trustOnly(CertificateChain(pem: text, name: "trusted certificates"), in: context)
        case .anybody:
            SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        }
        guard !protocols.bytes.isEmpty else { return }
        // Zero is success here, SSL_CTX_set_alpn_protos(3).
        guard SSL_CTX_set_alpn_protos(context, protocols.bytes, UInt32(protocols.bytes.count)) == 0 else {
            throw .refused("ALPN", ErrorQueue.cause(of: "SSL_CTX_set_alpn_protos"))
        }
    }

    private func trustOnly(_ trusted: CertificateChain, in context: OpaquePointer) throws(CredentialError) {
        let store = SSL_CTX_get_cert_store(context)
        for certificate in trusted.certificates {
            guard certificate.withPointer({ X509_STORE_add_cert(store, $0) }) == 1 else {
                throw .refused(trusted.name, ErrorQueue.cause(of: "X509_STORE_add_cert"))
            }
        }
    }
}

extension TLSPolicy.Version {
    fileprivate var number: Int32 {
        switch self {
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}
