/// Why a certificate, chain or key cannot be used.
///
/// Its description names the file and the remedy where there is one.
package enum CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What stands in a PEM file or should.
    package enum Content: String, Sendable {
        case certificate = "certificate"
        case privateKey = "private key"
        case revocationList = "revocation list"
        case request = "certificate request"
        case publicKey = "public key"
        case openSSHKey = "OpenSSH private key"
        case other = "other PEM content"
    }

    /// What a file holds that is no PEM.
    package enum OtherFormat: Sendable {
        /// One certificate, revocation list or request as bytes.
        case derCertificate
        /// One key as bytes.
        case derKey
        /// Keys and certificates under a pass phrase: `.p12`, `.pfx`.
        case pkcs12
        /// Certificates without a key: `.p7b`.
        case pkcs7
        /// Java's store of keys.
        case javaKeyStore
        /// Text with two bytes a character, as Windows calls "Unicode".
        case utf16
    }

    /// The file cannot be read; the system's words.
    case unreadable(file: String, reason: String)
    /// The file has no content.
    case empty(file: String)
    /// The file has content but no PEM block.
    case notPEM(file: String)
    /// The file is in another format that is known.
    case otherFormat(file: String, OtherFormat)
    /// The block that begins in that line has no end.
    case cutShort(file: String, label: String, line: Int)
    /// A line within a block is not base64.
    case notBase64(file: String, line: Int)
    /// The file holds PEM of another kind.
    case wrongContent(file: String, expected: Content, found: Content)
    /// The PEM block of that number, counted from 1 among its kind, cannot be decoded.
    case malformed(file: String, expected: Content, position: Int, OpenSSLError)
    /// The key is encrypted and no pass phrase was given.
    case passPhraseMissing(file: String)
    /// The key is encrypted with another pass phrase.
    case passPhraseWrong(file: String, OpenSSLError)
    /// OpenSSL will not use it: a key that is not the certificate's, one that is too weak, a policy it does not know.
    case refused(String, OpenSSLError)

    package var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): cannot be read: \(reason)"
        case .empty(let file):
            "\(file): the file is empty"
        case .notPEM(let file):
            "\(file): holds no PEM block (\"-----BEGIN …-----\"); is it the right file?"
        case .otherFormat(let file, let format):
            "\(file): \(format.words(file))"
        case .cutShort(let file, let label, let line):
            "\(file): \"BEGIN \(label)\" in line \(line) has no \"END \(label)\": the file was cut short; copy it again"
        case .notBase64(let file, let line):
            "\(file): line \(line) is not base64: the file was damaged or edited; copy it again"
        case .wrongContent(let file, let expected, let found):
            "\(file): holds no \(expected.rawValue) but \(found.article)\(found.rawValue)"
                + (found.remedy(expected: expected).map { "; \($0)" } ?? "")
        case .malformed(let file, let expected, let position, let error):
            "\(file): \(expected.rawValue) \(position) cannot be decoded: \(error)"
        case .passPhraseMissing(let file):
            "\(file): the private key is encrypted and no pass phrase is configured; add pass_phrase: ${file:…}"
        case .passPhraseWrong(let file, let error):
            "\(file): the pass phrase does not decrypt the private key: \(error)"
        case .refused(let name, let error):
            "\(name): refused by OpenSSL: \(error)"
        }
    }
}

extension CredentialError.Content {
    fileprivate var article: String {
        switch self {
        case .other: ""
        case .openSSHKey: "an "
        case .certificate, .privateKey, .revocationList, .request, .publicKey: "a "
        }
    }

    /// What to do with this where something else is expected.
    fileprivate func remedy(expected: Self) -> String? {
        switch (self, expected) {
        case (.certificate, .privateKey), (.privateKey, .certificate): "were chain and key exchanged?"
        case (.request, .certificate): "the authority answers it with the certificate, which belongs here"
        case (.publicKey, .privateKey): "the private one was made together with it"
        case (.openSSHKey, _): "ssh-keygen -p -m PEM -f FILE makes PEM of a copy of it"
        default: nil
        }
    }
}

extension CredentialError.OtherFormat {
    fileprivate func words(_ file: String) -> String {
        switch self {
        case .derCertificate:
            "is binary (DER), not PEM; openssl x509 -inform DER -in \(file) -out \(file).pem makes PEM of a certificate"
        case .derKey:
            "is a binary key (DER), not PEM; openssl pkey -inform DER -in \(file) -out \(file).pem makes PEM of it"
        case .pkcs12:
            "is a PKCS#12 store (.p12, .pfx), not PEM; openssl pkcs12 -in \(file) -nodes prints its key and certificates"
        case .pkcs7:
            "is a PKCS#7 bundle (.p7b), not PEM; openssl pkcs7 -inform DER -in \(file) -print_certs prints its certificates"
        case .javaKeyStore:
            "is a Java key store, not PEM; keytool -importkeystore with -deststoretype pkcs12 makes a PKCS#12 store of it"
        case .utf16:
            "is UTF-16 text; save it as UTF-8 or plain ASCII"
        }
    }
}
