internal import COpenSSL

/// A public RSA key that signatures over bytes are checked with: PKCS#1 v1.5, SHA-256 (RFC 8017, section 8.2).
///
/// `@unchecked Sendable`: openssl-threads(7): an `EVP_PKEY` is reference-counted and safe to use from several threads
/// as long as nobody changes it, and nothing here does; every check makes a context of its own.
package final class SignatureKey: @unchecked Sendable {
    /// Shorter keys can be broken by those who want to.
    package static let leastBits = 2048

    /// The file's path, or what else the text is called.
    package let name: String
    /// Algorithm and size.
    package let kind: PublicKeyKind
    /// SHA-256 of the SubjectPublicKeyInfo in DER (RFC 5280, section 4.1): the same however the file is armoured.
    package let fingerprint: Digest
    /// Bytes of every signature that this key made.
    package let signatureLength: Int

    private let key: Owned

    /// The keys of a PEM file, one or more.
    ///
    /// Taken are `PUBLIC KEY`, `RSA PUBLIC KEY`, and a bare public key under the label `CERTIFICATE`, as sipgate
    /// publishes its own.
    ///
    /// - Parameter path: The file.
    /// - Returns: The keys in order.
    /// - Throws: What is wrong with the file.
    package static func read(file path: String) throws(SignatureKeyError) -> [SignatureKey] {
        let file: PEMFile
        do { file = try PEMFile(file: path) } catch { throw .credential(error) }
        return try keys(in: file)
    }

    /// The keys of a PEM text, one or more.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: What errors call it.
    /// - Returns: The keys in order.
    /// - Throws: What is wrong with the text.
    package static func read(pem text: String, name: String) throws(SignatureKeyError) -> [SignatureKey] {
        let file: PEMFile
        do { file = try PEMFile(text: text, name: name) } catch { throw .credential(error) }
        return try keys(in: file)
    }

    private init(takingOwnership key: consuming Owned, name: String, fingerprint: Digest) {
        self.name = name
        kind = PublicKeyKind(of: key.pointer)
        self.fingerprint = fingerprint
        signatureLength = Int(EVP_PKEY_get_size(key.pointer))
        self.key = key
    }

    /// Whether the owner of this key signed exactly these bytes.
    ///
    /// A signature of another length, and whatever OpenSSL cannot compute, is a plain no.
    package func isSignature(_ signature: Span<UInt8>, of message: Span<UInt8>) -> Bool {
        guard signature.count == signatureLength else { return false }
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        guard let context = Owned(EVP_MD_CTX_new(), EVP_MD_CTX_free) else { return false }
        var options: OpaquePointer?  // belongs to the context
        guard
            EVP_DigestVerifyInit(context.pointer, &options, Algorithms.shared.sha256, nil, key.pointer) == 1,
            EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PADDING) == 1
        else { return false }
        return signature.withUnsafeBufferPointer { signature in
            message.withUnsafeBufferPointer { message in
                EVP_DigestVerify(
                    context.pointer,
                    signature.baseAddress,
                    signature.count,
                    message.baseAddress,
                    message.count
                ) == 1
            }
        }
    }

    /// Whether the owner of this key signed exactly these bytes.
    package func isSignature(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        isSignature(signature.span, of: message.span)
    }

    private static func keys(in file: PEMFile) throws(SignatureKeyError) -> [SignatureKey] {
        var keys: [SignatureKey] = []
        for position in file.labels.indices {
            let block = try PEMBlock.read(position, of: file)
            keys.append(try key(in: block, position: position + 1, of: file.name))
        }
        return keys
    }

    private static func key(
        in block: PEMBlock,
        position: Int,
        of name: String
    ) throws(SignatureKeyError) -> SignatureKey {
        ErrorQueue.clear()
        let pointer: OpaquePointer?
        switch block.label {
        case "PUBLIC KEY", "CERTIFICATE":
            pointer = block.decode { d2i_PUBKEY(nil, $0, $1) }
        case "RSA PUBLIC KEY":
            pointer = block.decode { d2i_PublicKey(EVP_PKEY_RSA, nil, $0, $1) }
        default:
            throw .otherContent(file: name, position: position, label: block.label)
        }
        guard let key = Owned(pointer, EVP_PKEY_free) else {
            throw .malformed(file: name, position: position, ErrorQueue.cause(of: "d2i_PUBKEY"))
        }
        let kind = PublicKeyKind(of: key.pointer)
        guard kind.algorithm == "RSA", kind.bits >= leastBits else {
            throw .unusable(file: name, position: position, kind: kind)
        }
        let fingerprint = try fingerprint(of: key, named: name)
        return SignatureKey(takingOwnership: key, name: name, fingerprint: fingerprint)
    }

    private static func fingerprint(of key: borrowing Owned, named name: String) throws(SignatureKeyError) -> Digest {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PUBKEY(key.pointer, &bytes)
        defer { CRYPTO_free(bytes, nil, 0) }
        guard let bytes, count > 0 else {
            throw .malformed(file: name, position: 1, ErrorQueue.cause(of: "i2d_PUBKEY"))
        }
        do {
            return try SHA256.digest(of: Array(UnsafeBufferPointer(start: bytes, count: Int(count))))
        } catch {
            throw .malformed(file: name, position: 1, error)
        }
    }
}

/// One block of a PEM file, taken out of its armour.
private struct PEMBlock {
    let label: String
    let bytes: [UInt8]

    /// The block of that number, counted from 0.
    static func read(_ position: Int, of file: PEMFile) throws(SignatureKeyError) -> PEMBlock {
        ErrorQueue.clear()
        let block = file.withBIO { bio -> PEMBlock? in
            var block: PEMBlock?
            for _ in 0...position {
                block = next(in: bio)
                if block == nil { return nil }
            }
            return block
        }
        guard let block else {
            throw .malformed(file: file.name, position: position + 1, ErrorQueue.cause(of: "PEM_read_bio"))
        }
        return block
    }

    /// PEM_read_bio(3): three allocations, each of which is ours.
    private static func next(in bio: OpaquePointer?) -> PEMBlock? {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard PEM_read_bio(bio, &name, &header, &data, &count) == 1 else { return nil }
        defer {
            CRYPTO_free(name, nil, 0)
            CRYPTO_free(header, nil, 0)
            CRYPTO_free(data, nil, 0)
        }
        guard let name, let data else { return nil }
        return PEMBlock(
            label: String(cString: name),
            bytes: Array(UnsafeBufferPointer(start: data, count: count))
        )
    }

    /// What a d2i function makes of the bytes; nil unless it takes all of them.
    func decode(_ body: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?) -> OpaquePointer? {
        bytes.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            guard let key = body(&position, bytes.count) else { return nil }
            guard let start = bytes.baseAddress, let position, position - start == bytes.count else {
                EVP_PKEY_free(key)
                return nil
            }
            return key
        }
    }
}
