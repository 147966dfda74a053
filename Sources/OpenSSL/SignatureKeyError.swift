/// Why a file gives no key to check signatures with.
///
/// Its description names the file and the remedy where there is one.
package enum SignatureKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file cannot be read, is empty or holds no PEM.
    case credential(CredentialError)
    /// The block of that number, counted from 1, is something else.
    case otherContent(file: String, position: Int, label: String)
    /// The block of that number cannot be decoded.
    case malformed(file: String, position: Int, OpenSSLError)
    /// The key is of another algorithm, or too short.
    case unusable(file: String, position: Int, kind: PublicKeyKind)

    package var description: String {
        switch self {
        case .credential(let error):
            error.description
        case .otherContent(let file, let position, let label):
            "\(file): block \(position) is \"\(label)\", not a public key; "
                + "openssl pkey -pubout makes one of a private key, openssl x509 -pubkey of a certificate"
        case .malformed(let file, let position, let error):
            "\(file): block \(position) is no public key: \(error)"
        case .unusable(let file, let position, let kind):
            "\(file): block \(position) is \(kind); needed is RSA of \(SignatureKey.leastBits) bits or more"
        }
    }
}
