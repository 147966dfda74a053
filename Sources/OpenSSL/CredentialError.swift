/// Why a certificate, chain or key cannot be used.
///
/// Its description names the file and the remedy where there is one.
package enum CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What stands in a PEM file or should.
    package enum Content: String, Sendable {
        case certificate = "certificate"
        case privateKey = "private key"
        case revocationList = "revocation list"
        case other = "other PEM content"
    }

    /// The file cannot be read; the system's words.
    case unreadable(file: String, reason: String)
    /// The file has no content.
    case empty(file: String)
    /// The file has content but no PEM block.
    case notPEM(file: String)
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
            "\(file): holds no PEM block (\"-----BEGIN …-----\"); DER files need converting with openssl x509 or pkey"
        case .wrongContent(let file, let expected, let found):
            "\(file): holds no \(expected.rawValue) but \(found == .other ? "" : "a ")\(found.rawValue)"
        case .malformed(let file, let expected, let position, let error):
            "\(file): \(expected.rawValue) \(position) cannot be decoded: \(error)"
        case .passPhraseMissing(let file):
            "\(file): the private key is encrypted and no pass phrase is configured"
        case .passPhraseWrong(let file, let error):
            "\(file): the pass phrase does not decrypt the private key: \(error)"
        case .refused(let name, let error):
            "\(name): refused by OpenSSL: \(error)"
        }
    }
}
