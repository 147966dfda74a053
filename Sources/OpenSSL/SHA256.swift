internal import COpenSSL

/// SHA-256 of bytes at hand.
package enum SHA256 {
    /// The digest of `bytes`.
    ///
    /// - Throws: what OpenSSL says, for example that its default provider is missing.
    package static func digest(of bytes: Span<UInt8>) throws(OpenSSLError) -> Digest {
        ErrorQueue.clear()
        return try Digest { output throws(OpenSSLError) in
            let status = bytes.withUnsafeBytes { input in
                EVP_Digest(
                    input.baseAddress,
                    input.count,
                    output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    nil,
                    Algorithms.shared.sha256,
                    nil
                )
            }
            guard status == 1 else { throw ErrorQueue.cause(of: "EVP_Digest") }
        }
    }

    /// The digest of `bytes`.
    ///
    /// - Throws: what OpenSSL says, for example that its default provider is missing.
    package static func digest(of bytes: [UInt8]) throws(OpenSSLError) -> Digest {
        try digest(of: bytes.span)
    }
}
