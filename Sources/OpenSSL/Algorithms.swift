internal import COpenSSL

/// Algorithms fetched once per process: a fetch by name takes locks and walks the provider's tables, crypto(7).
///
/// `@unchecked Sendable`: crypto(7), "Explicit fetching": a fetched object is reference-counted and immutable, and
/// openssl-threads(7) allows its use from several threads. The references are held until the process ends.
struct Algorithms: @unchecked Sendable {
    /// SHA-256, EVP_MD-SHA2(7).
    let sha256: OpaquePointer?
    /// AES-256-CBC, EVP_CIPHER-AES(7): seals session tickets together with a code.
    let aes256cbc: OpaquePointer?

    /// Nil members: the provider is missing, which users report as an error.
    static let shared = Algorithms(
        sha256: EVP_MD_fetch(nil, "SHA256", nil),
        aes256cbc: EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
    )
}
