internal import COpenSSL

extension PrivateKey {
    /// The signature of a message: for RSA keys PKCS#1 v1.5, over SHA-256 (RFC 8017, section 8.2).
    ///
    /// - Parameter message: What is signed.
    /// - Returns: As many bytes as the key is long.
    /// - Throws: what OpenSSL says.
    package func signature(of message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        ErrorQueue.clear()
        guard let context = Owned(EVP_MD_CTX_new(), EVP_MD_CTX_free) else {
            throw ErrorQueue.cause(of: "EVP_MD_CTX_new")
        }
        guard EVP_DigestSignInit(context.pointer, nil, Algorithms.shared.sha256, nil, key.pointer) == 1 else {
            throw ErrorQueue.cause(of: "EVP_DigestSignInit")
        }
        var length = Int(EVP_PKEY_get_size(key.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_DigestSign(context.pointer, &signature, &length, message, message.count) == 1 else {
            throw ErrorQueue.cause(of: "EVP_DigestSign")
        }
        return Array(signature.prefix(length))
    }
}
