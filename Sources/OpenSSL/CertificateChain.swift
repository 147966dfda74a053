internal import COpenSSL

/// Certificates in the order of a PEM file: for a server its own first, then whoever signed the one before.
package struct CertificateChain: Sendable {
    /// The file's path, or what else the text is called.
    package let name: String
    /// The server's own certificate.
    package let leaf: Certificate
    /// Those after it.
    package let intermediates: [Certificate]

    /// All of them, the leaf first.
    package var certificates: [Certificate] { [leaf] + intermediates }

    /// Reads a PEM file.
    ///
    /// Blocks of other kinds, such as the key of a combined file, are passed over.
    ///
    /// - Throws: what is wrong with the file.
    package init(file path: String) throws(CredentialError) {
        try self.init(PEMFile(file: path))
    }

    /// Takes PEM text.
    ///
    /// - Parameters:
    ///   - text: One or more certificates.
    ///   - name: What errors call it.
    /// - Throws: what is wrong with the text.
    package init(pem text: String, name: String) throws(CredentialError) {
        try self.init(PEMFile(text: text, name: name))
    }

    /// Takes certificates that are there already.
    init(leaf: Certificate, intermediates: [Certificate], name: String) {
        self.name = name
        self.leaf = leaf
        self.intermediates = intermediates
    }

    private init(_ file: PEMFile) throws(CredentialError) {
        try file.require(.certificate)
        name = file.name
        let read = file.withBIO { CertificateChain.certificates(from: $0, name: file.name) }
        var certificates = try read.get()[...]
        guard let leaf = certificates.popFirst() else {
            throw .wrongContent(file: file.name, expected: .certificate, found: .other)
        }
        self.leaf = leaf
        intermediates = Array(certificates)
    }

    private static func certificates(
        from bio: OpaquePointer?,
        name: String
    ) -> Result<[Certificate], CredentialError> {
        var certificates: [Certificate] = []
        while true {
            ErrorQueue.clear()
            guard let pointer = Owned(PEM_read_bio_X509(bio, nil, refusePassPhrase, nil), X509_free) else {
                let error = ErrorQueue.cause(of: "PEM_read_bio_X509")
                // No further block: the end, not a failure, PEM_read_bio_X509(3).
                let isEnd = error.library == ERR_LIB_PEM && error.reasonCode == PEM_R_NO_START_LINE
                if isEnd { return .success(certificates) }
                return .failure(malformed(name, certificates.count + 1, error))
            }
            do {
                try certificates.append(Certificate(takingOwnership: pointer))
            } catch {
                return .failure(malformed(name, certificates.count + 1, error))
            }
        }
    }

    private static func malformed(_ name: String, _ position: Int, _ error: OpenSSLError) -> CredentialError {
        .malformed(file: name, expected: .certificate, position: position, error)
    }
}

/// Without a callback OpenSSL would ask at the terminal, pem_password_cb(3).
///
/// Zero length: no pass phrase.
private func refusePassPhrase(
    _: UnsafeMutablePointer<CChar>?,
    _: CInt,
    _: CInt,
    _: UnsafeMutableRawPointer?
) -> CInt {
    -1
}
