internal import COpenSSL

/// A server's private key: PKCS#8, or the traditional forms of EC and RSA keys, encrypted or not.
///
/// `@unchecked Sendable`: openssl-threads(7): an `EVP_PKEY` is reference-counted and safe to use from several threads
/// as long as nobody changes it, and nothing here does.
package final class PrivateKey: @unchecked Sendable {
    /// The file's path, or what else the text is called.
    package let name: String
    /// Algorithm and size.
    package let kind: PublicKeyKind
    /// Whether a pass phrase was needed to read it.
    package let isEncrypted: Bool

    let key: Owned

    /// Reads a PEM file.
    ///
    /// Never asks at a terminal.
    ///
    /// - Parameters:
    ///   - path: The file; blocks of other kinds in it are passed over.
    ///   - passPhrase: For an encrypted key; ignored where the key is not.
    /// - Throws: what is wrong with the file, `passPhraseMissing` and `passPhraseWrong` among it.
    package convenience init(file path: String, passPhrase: String? = nil) throws(CredentialError) {
        try self.init(PEMFile(file: path), passPhrase: passPhrase)
    }

    /// Takes PEM text.
    ///
    /// - Parameters:
    ///   - text: One private key.
    ///   - name: What errors call it.
    ///   - passPhrase: For an encrypted key.
    /// - Throws: what is wrong with the text.
    package convenience init(pem text: String, name: String, passPhrase: String? = nil) throws(CredentialError) {
        try self.init(PEMFile(text: text, name: name), passPhrase: passPhrase)
    }

    private init(_ file: PEMFile, passPhrase: String?) throws(CredentialError) {
        try file.require(.privateKey)
        ErrorQueue.clear()
        let question = PassPhraseQuestion(passPhrase)
        let answer = Unmanaged.passUnretained(question).toOpaque()
        let pointer = withExtendedLifetime(question) {
            file.withBIO { PEM_read_bio_PrivateKey($0, nil, answerPassPhrase, answer) }
        }
        guard let key = Owned(pointer, EVP_PKEY_free) else {
            let error = ErrorQueue.cause(of: "PEM_read_bio_PrivateKey")
            guard question.wasAsked else {
                throw .malformed(file: file.name, expected: .privateKey, position: 1, error)
            }
            throw passPhrase == nil
                ? .passPhraseMissing(file: file.name) : .passPhraseWrong(file: file.name, error)
        }
        name = file.name
        isEncrypted = question.wasAsked
        kind = PublicKeyKind(of: key.pointer)
        self.key = key
    }

    /// Takes over one `EVP_PKEY`.
    init(takingOwnership key: consuming Owned, name: String) {
        self.name = name
        isEncrypted = false
        kind = PublicKeyKind(of: key.pointer)
        self.key = key
    }

    /// Lends the `EVP_PKEY`.
    func withPointer<Result: ~Copyable>(_ body: (OpaquePointer) -> Result) -> Result {
        body(key.pointer)
    }

    /// Whether this is the key of `certificate`.
    package func matches(_ certificate: Certificate) -> Bool {
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        return certificate.withPointer { X509_check_private_key($0, key.pointer) == 1 }
    }
}

/// What OpenSSL's question for a pass phrase meets.
private final class PassPhraseQuestion {
    let passPhrase: String?
    var wasAsked = false

    init(_ passPhrase: String?) {
        self.passPhrase = passPhrase
    }
}

/// pem_password_cb(3): the length of the pass phrase, or -1 for none.
private func answerPassPhrase(
    into bytes: UnsafeMutablePointer<CChar>?,
    capacity: CInt,
    _: CInt,
    argument: UnsafeMutableRawPointer?
) -> CInt {
    guard let argument else { return -1 }
    let question = Unmanaged<PassPhraseQuestion>.fromOpaque(argument).takeUnretainedValue()
    question.wasAsked = true
    guard let passPhrase = question.passPhrase, passPhrase.utf8.count <= capacity else { return -1 }
    UnsafeMutableRawBufferPointer(start: bytes, count: Int(capacity)).copyBytes(from: passPhrase.utf8)
    return CInt(passPhrase.utf8.count)
}
