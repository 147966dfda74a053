internal import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, set up once and used for many messages.
///
/// Not Sendable: each event loop or lock has its own. After the set-up a code costs about a microsecond and no
/// allocation of ours.
///
///     var mac = try MAC(key: key.span)
///     let whole = mac.code(of: message)
///     mac.update(part); mac.update(other)
///     let joined = mac.code()
package struct MAC: ~Copyable {
    private let context: Owned

    /// A MAC under `key`, of any length; 32 random bytes are the usual one.
    ///
    /// - Throws: what OpenSSL says, for example that its default provider is missing.
    package init(key: Span<UInt8>) throws(OpenSSLError) {
        ErrorQueue.clear()
        guard let hmac = Algorithms.shared.hmac, let context = Owned(EVP_MAC_CTX_new(hmac), EVP_MAC_CTX_free) else {
            throw ErrorQueue.cause(of: "EVP_MAC_CTX_new")
        }
        guard MAC.start(context.pointer, key: key) == 1 else { throw ErrorQueue.cause(of: "EVP_MAC_init") }
        self.context = context
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
        let status = EVP_MAC_update(context.pointer, part.baseAddress?.assumingMemoryBound(to: UInt8.self), part.count)
        require(status == 1)
    }

    /// The code of all parts so far, after which the next message begins.
    package mutating func code() -> Digest {
        let code = Digest { bytes in
            var count = 0
            let status = EVP_MAC_final(
                context.pointer,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                &count,
                bytes.count
            )
            require(status == 1 && count == bytes.count)
        }
        // EVP_MAC(3), EVP_MAC_init: without a key, the one that was set is used again.
        require(EVP_MAC_init(context.pointer, nil, 0, nil) == 1)
        return code
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

    private static func start(_ context: OpaquePointer, key: Span<UInt8>) -> Int32 {
        // An empty key is a key, but to EVP_MAC_init a null pointer would mean "as before".
        guard !key.isEmpty else { return start(context, key: [0], count: 0) }
        return key.withUnsafeBufferPointer { key in start(context, key: key.baseAddress, count: key.count) }
    }

    private static func start(_ context: OpaquePointer, key: UnsafePointer<UInt8>?, count: Int) -> Int32 {
        // A parameter keeps the pointers of its name and its value: both live until the call is over.
        OSSL_MAC_PARAM_DIGEST.withCString { name in
            "SHA256".withCString { value in
                let parameters = [
                    OSSL_PARAM_construct_utf8_string(name, UnsafeMutablePointer(mutating: value), 0),
                    OSSL_PARAM_construct_end(),
                ]
                return EVP_MAC_init(context, key, count, parameters)
            }
        }
    }

    /// A keyed context fails only when memory is out or our own calls are out of order: no input reaches this.
    private borrowing func require(_ holds: Bool) {
        guard holds else { preconditionFailure("HMAC failed: \(ErrorQueue.cause(of: "EVP_MAC"))") }
    }
}
