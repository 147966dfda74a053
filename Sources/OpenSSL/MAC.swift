internal import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, set up once and used for many messages.
///
/// Not Sendable: each event loop or lock has its own. The key is hashed once, so that a code of a short message costs two
/// blocks of SHA-256 and nothing else: EVP_MAC(3) copies contexts and looks up parameters for several times that.
///
///     var mac = try MAC(key: key.span)
///     let whole = mac.code(of: message)
///     mac.update(part); mac.update(other)
///     let joined = mac.code()
package struct MAC: ~Copyable {
    /// SHA-256 after the key's inner block, and after its outer one.
    private let inner: SHA256_CTX
    private let outer: SHA256_CTX
    /// The message so far.
    private var current: SHA256_CTX

    /// A MAC under `key`, of any length; 32 random bytes are the usual one.
    ///
    /// - Throws: what OpenSSL says, for example that its default provider is missing.
    package init(key: Span<UInt8>) throws(OpenSSLError) {
        var block = [UInt8](repeating: 0, count: MAC.blockSize)
        defer { block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        if key.count <= MAC.blockSize {
            for index in key.indices { block[index] = key[index] }
        } else {
            let digest = try SHA256.digest(of: key).bytes
            for index in digest.indices { block[index] = digest[index] }
        }
        for index in block.indices { block[index] ^= 0x36 }
        let inner = try MAC.state(after: block)
        for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
        self.init(inner: inner, outer: try MAC.state(after: block))
    }

    private init(inner: SHA256_CTX, outer: SHA256_CTX) {
        self.inner = inner
        self.outer = outer
        current = inner
    }

    /// A MAC under `key`.
    ///
    /// - Throws: what OpenSSL says, for example that its default provider is missing.
    package init(key: [UInt8]) throws(OpenSSLError) {
        try self.init(key: key.span)
    }

    /// Adds a part of the message.
    package mutating func update(_ part: Span<UInt8>) {
        part.withUnsafeBytes { bytes in update(bytes) }
    }

    /// Adds a part of the message.
    package mutating func update(_ part: UnsafeRawBufferPointer) {
        require(SHA256_Update(&current, part.baseAddress, part.count))
    }

    /// The code of all parts so far, after which the next message begins.
    package mutating func code() -> Digest {
        let ofMessage = finish()
        current = outer
        ofMessage.bytes.span.withUnsafeBytes { bytes in update(bytes) }
        let code = finish()
        current = inner
        return code
    }

    private mutating func finish() -> Digest {
        Digest { bytes in
            require(SHA256_Final(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &current))
        }
    }

    /// The code of one whole message.
    package mutating func code(of message: Span<UInt8>) -> Digest {
        update(message)
        return code()
    }

    /// The code of one whole message.
    package mutating func code(of message: [UInt8]) -> Digest {
        code(of: message.span)
    }

    /// The code of one whole message.
    package mutating func code(of message: UnsafeRawBufferPointer) -> Digest {
        update(message)
        return code()
    }

    /// The bytes that SHA-256 takes at once, which is how long HMAC makes its key.
    private static let blockSize = Int(SHA256_CBLOCK)

    private static func state(after block: [UInt8]) throws(OpenSSLError) -> SHA256_CTX {
        ErrorQueue.clear()
        var state = SHA256_CTX()
        guard SHA256_Init(&state) == 1, SHA256_Update(&state, block, block.count) == 1 else {
            throw ErrorQueue.cause(of: "SHA256_Init")
        }
        return state
    }

    /// Once begun it never fails, SHA256_Init(3): there is nothing in it that could.
    private func require(_ status: CInt) {
        guard status == 1 else { preconditionFailure("SHA-256 failed: \(ErrorQueue.cause(of: "SHA256_Update"))") }
    }
}
