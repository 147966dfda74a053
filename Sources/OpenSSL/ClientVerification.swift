internal import COpenSSL

/// Which certificates clients have to show to a server (RFC 8446, section 4.3.2).
///
/// A class, so that a C callback can point at it. Immutable once made.
package final class ClientVerification: Sendable {
    /// What becomes of a client that shows none.
    package enum Need: String, Sendable, CaseIterable {
        /// It gets in, and is nobody.
        case optional
        /// Its handshake fails.
        case required
    }

    /// What becomes of a client that shows none.
    package let need: Need
    /// When the first of the revocation lists ends, after which every client is refused; nil without lists.
    package let revocationsEnd: CertificateTime?

    private let authorities: CertificateChain?
    private let revocations: [RevocationList]
    private let pins: Set<Digest>
    /// What a ticket must have been given under (SSL_CTX_set_session_id_context(3)): a resumed session is not verified
    /// again, so one of other authorities, lists or pins must not be resumed.
    private let sessionContext: Digest

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - need: Whether clients without a certificate get in.
    ///   - authorities: PEM, who may sign clients; nil: whoever has a pinned key vouches for itself.
    ///   - revocations: PEM, a list of each authority of a chain; nil: nothing is revoked.
    ///   - pins: SHA-256 of the public keys that may come; empty: any that an authority has signed.
    /// - Throws: `CredentialError`, which names the file.
    package init(
        need: Need,
        authorities: String?,
        revocations: String?,
        pins: [Digest]
    ) throws(CredentialError) {
        self.need = need
        self.authorities = if let authorities { try CertificateChain(file: authorities) } else { nil }
        self.revocations = if let revocations { try RevocationList.read(file: revocations) } else { [] }
        self.pins = Set(pins)
        revocationsEnd = self.revocations.compactMap(\.end).min()
        let parts =
            [need.rawValue] + (self.authorities?.certificates.map(\.fingerprint.description) ?? [])
            + self.revocations.map(\.fingerprint.description) + pins.map(\.description).sorted()
        do throws(OpenSSLError) {
            sessionContext = try SHA256.digest(of: parts.joined(separator: " ").utf8.span)
        } catch {
            throw .refused("client certificates", error)
        }
    }

    /// Makes a server's context ask for certificates, and judge them.
    ///
    /// The context must not outlive this.
    func install(in context: OpaquePointer) throws(CredentialError) {
        let store = SSL_CTX_get_cert_store(context)
        for certificate in authorities?.certificates ?? [] {
            let added = certificate.withPointer { certificate in
                X509_STORE_add_cert(store, certificate) == 1 && SSL_CTX_add_client_CA(context, certificate) == 1
            }
            guard added else {
                throw .refused(authorities?.name ?? "", ErrorQueue.cause(of: "X509_STORE_add_cert"))
            }
        }
        for list in revocations where !list.add(to: store) {
            throw .refused(list.file, ErrorQueue.cause(of: "X509_STORE_add_crl"))
        }
        // Whoever the operator names is trusted, a root or not.
        var flags = UInt(X509_V_FLAG_PARTIAL_CHAIN)
        if !revocations.isEmpty { flags |= UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) }
        X509_STORE_set_flags(store, flags)
        let refusesNone = need == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | refusesNone, nil)
        SSL_CTX_set_cert_verify_callback(context, verifyClient, Unmanaged.passUnretained(self).toOpaque())
        let bytes = sessionContext.bytes
        let name = bytes.indices.map { bytes[$0] }
        SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
    }

    fileprivate func verify(_ chain: OpaquePointer) -> CInt {
        guard isTrusted(chain) else { return 0 }
        guard !pins.isEmpty else { return authorities == nil ? 0 : 1 }
        if let pin = pin(of: chain), pins.contains(pin) { return 1 }
        X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION)
        return 0
    }

    private func isTrusted(_ chain: OpaquePointer) -> Bool {
        guard authorities == nil else { return X509_verify_cert(chain) == 1 }
        // The pin is the trust, and the certificate its own authority: dates and purpose count all the same.
        guard let leaf = X509_STORE_CTX_get0_cert(chain),
            let trusted = Owned(OPENSSL_sk_new_null(), OPENSSL_sk_free),
            OPENSSL_sk_push(trusted.pointer, UnsafeRawPointer(leaf)) > 0
        else { return false }
        X509_STORE_CTX_set0_trusted_stack(chain, trusted.pointer)
        return X509_verify_cert(chain) == 1
    }

    private func pin(of chain: OpaquePointer) -> Digest? {
        guard let leaf = X509_STORE_CTX_get0_cert(chain), X509_up_ref(leaf) == 1,
            let owned = Owned(leaf, X509_free)
        else { return nil }
        return try? Certificate(takingOwnership: owned).publicKeyPin()
    }
}

private func verifyClient(_ chain: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) -> CInt {
    guard let chain, let argument else { return 0 }
    return Unmanaged<ClientVerification>.fromOpaque(argument).takeUnretainedValue().verify(chain)
}

/// What an authority has taken back (RFC 5280, section 5).
///
/// `@unchecked Sendable`: openssl-threads(7): an `X509_CRL` is reference-counted; nothing here changes it.
private final class RevocationList: @unchecked Sendable {
    let file: String
    /// When its authority will have issued the next; nil: it does not say.
    let end: CertificateTime?
    /// SHA-256 of the DER form.
    let fingerprint: Digest
    private let list: Owned

    private init(_ list: consuming Owned, file: String) throws(OpenSSLError) {
        let pointer = list.pointer
        end = CertificateTime(X509_CRL_get0_nextUpdate(pointer))
        fingerprint = try Digest { bytes throws(OpenSSLError) in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard X509_CRL_digest(pointer, Algorithms.shared.sha256, start, nil) == 1 else {
                throw ErrorQueue.cause(of: "X509_CRL_digest")
            }
        }
        self.file = file
        self.list = list
    }

    /// All lists in a PEM file.
    static func read(file path: String) throws(CredentialError) -> [RevocationList] {
        let file = try PEMFile(file: path)
        try file.require(.revocationList)
        return try file.withBIO { bio in
            Result { () throws(CredentialError) in try RevocationList.lists(from: bio, name: file.name) }
        }.get()
    }

    private static func lists(from bio: OpaquePointer?, name: String) throws(CredentialError) -> [RevocationList] {
        var lists: [RevocationList] = []
        while true {
            ErrorQueue.clear()
            guard let list = Owned(PEM_read_bio_X509_CRL(bio, nil, nil, nil), X509_CRL_free) else {
                let error = ErrorQueue.cause(of: "PEM_read_bio_X509_CRL")
                // No further block: the end, not a failure, PEM_read_bio_X509_CRL(3).
                if error.library == ERR_LIB_PEM && error.reasonCode == PEM_R_NO_START_LINE { return lists }
                throw .malformed(file: name, expected: .revocationList, position: lists.count + 1, error)
            }
            do throws(OpenSSLError) {
                lists.append(try RevocationList(list, file: name))
            } catch {
                throw .malformed(file: name, expected: .revocationList, position: lists.count + 1, error)
            }
        }
    }

    func add(to store: OpaquePointer?) -> Bool { X509_STORE_add_crl(store, list.pointer) == 1 }
}
