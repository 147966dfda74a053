internal import COpenSSL

extension PrivateKey {
    /// What kind of key is made.
    package enum NewKind: Sendable, Hashable {
        /// ECDSA on P-256: the smallest and fastest that every client takes.
        case p256
        /// RSA of that many bits; 2048 is the least that security level 2 takes.
        case rsa(bits: Int)
    }

    /// How a key is written.
    package enum Format: Sendable, Hashable {
        /// `BEGIN PRIVATE KEY`, or `BEGIN ENCRYPTED PRIVATE KEY` with a pass phrase.
        case pkcs8
        /// `BEGIN EC PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`.
        case traditional
    }

    /// A new key.
    ///
    /// - Throws: what OpenSSL says.
    package convenience init(making kind: NewKind) throws(OpenSSLError) {
        ErrorQueue.clear()
        let pointer =
            switch kind {
            case .p256: COpenSSL_EVP_EC_gen("P-256")
            case .rsa(let bits): COpenSSL_EVP_RSA_gen(UInt32(clamping: bits))
            }
        guard let key = Owned(pointer, EVP_PKEY_free) else { throw ErrorQueue.cause(of: "EVP_PKEY_generate") }
        self.init(takingOwnership: key, name: "new key")
    }

    /// The key in PEM, encrypted with AES-256 where a pass phrase is given.
    ///
    /// - Throws: what OpenSSL says.
    package func pem(_ format: Format = .pkcs8, passPhrase: String? = nil) throws(OpenSSLError) -> String {
        ErrorQueue.clear()
        let cipher = passPhrase == nil ? nil : EVP_aes_256_cbc()
        // To OpenSSL a null pointer means "ask at the terminal", so the pass phrase is there even when unused.
        let text = withPointer { key in
            var passPhrase = Array((passPhrase ?? "").utf8)
            return PEMWriter.text { bio in
                passPhrase.withUnsafeMutableBytes { bytes in
                    let characters = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    let count = Int32(clamping: bytes.count)
                    return switch format {
                    case .pkcs8: PEM_write_bio_PrivateKey(bio, key, cipher, characters, count, nil, nil)
                    case .traditional:
                        PEM_write_bio_PrivateKey_traditional(bio, key, cipher, characters, count, nil, nil)
                    }
                }
            }
        }
        guard let text else { throw ErrorQueue.cause(of: "PEM_write_bio_PrivateKey") }
        return text
    }
}
