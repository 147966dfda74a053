internal import COpenSSL
package import NIOCore

/// One TLS connection without a channel: ciphertext goes in and comes out as `ByteBuffer`s, and so does plaintext.
///
/// Not Sendable; one event loop drives it. Every call to libssl passes through `call`, which is where its errors end.
package struct TLSSession: ~Copyable {
    /// What a call came to.
    package enum Step: Sendable, Equatable {
        /// It is done.
        case done
        /// It goes on when more ciphertext has come. Not an error: the usual end of a call.
        case needsInput
        /// The peer has said goodbye (close_notify) and sends nothing more.
        case peerClosed
        /// The peer's bytes end without its goodbye: what came may have been cut short.
        case truncated
        /// The connection is lost, for these reasons, cause first. An alert may wait in the ciphertext.
        case failed([OpenSSLError])
    }

    private let ssl: Owned
    private let bio: ByteBufferBIO
    private let context: TLSContext

    /// A connection of `context` before its handshake.
    ///
    /// - Parameters:
    ///   - context: Decides which end this is.
    ///   - serverName: For a client: the DNS name or IP address that the certificate must be for, and, if a name, the
    ///     one that is sent (RFC 6066). Ignored by a server.
    ///   - resuming: For a client: a session with the same server.
    ///   - allocator: Makes the ciphertext buffers.
    /// - Throws: what OpenSSL says; a `serverName` that cannot be one is the likeliest reason.
    package init(
        context: TLSContext,
        serverName: String? = nil,
        resuming: ResumableSession? = nil,
        allocator: ByteBufferAllocator = ByteBufferAllocator()
    ) throws(OpenSSLError) {
        ErrorQueue.clear()
        guard let ssl = Owned(context.withPointer { SSL_new($0) }, SSL_free) else {
            throw ErrorQueue.cause(of: "SSL_new")
        }
        let bio = ByteBufferBIO(allocator: allocator)
        guard let wire = bio.makeBIO() else { throw ErrorQueue.cause(of: "BIO_new") }
        SSL_set_bio(ssl.pointer, wire, wire)  // takes over the one reference for both directions
        switch context.role {
        case .server:
            SSL_set_accept_state(ssl.pointer)
        case .client:
            SSL_set_connect_state(ssl.pointer)
            if let serverName { try TLSSession.expect(serverName, of: ssl.pointer) }
            if let resuming { resuming.withPointer { _ = SSL_set_session(ssl.pointer, $0) } }
        }
        self.ssl = ssl
        self.bio = bio
        self.context = context
    }

    /// Takes ciphertext from the peer; the next call looks at it.
    package mutating func receive(_ ciphertext: ByteBuffer) {
        if bio.inbound.readableBytes == 0 {
            bio.inbound = ciphertext
        } else {
            bio.inbound.writeImmutableBuffer(ciphertext)
        }
    }

    /// Takes note that the peer's bytes have ended.
    package mutating func receiveEnd() {
        bio.isAtEnd = true
    }

    /// Ciphertext for the peer, if there is any, in one buffer.
    package mutating func takeCiphertext() -> ByteBuffer? {
        bio.takeOutput()
    }

    /// Bytes of ciphertext that wait for `takeCiphertext`.
    package var waitingCiphertext: Int { bio.outbound.readableBytes }

    /// Goes on with the handshake.
    package mutating func handshake() -> Step {
        call { SSL_do_handshake($0) }
    }

    /// Decrypts all that came, straight into the free space of `plaintext`.
    ///
    /// - Returns: `.needsInput` in the ordinary case; what was decrypted counts whatever is returned.
    package mutating func read(into plaintext: inout ByteBuffer) -> Step {
        while true {
            let step = readOnce(into: &plaintext)
            guard step == .done else { return step }
            // Without read-ahead OpenSSL holds back nothing but the rest of a record.
            guard bio.inbound.readableBytes > 0 || bio.isAtEnd || SSL_pending(ssl.pointer) > 0 else {
                return .needsInput
            }
        }
    }

    /// Encrypts `plaintext` into as few records as it takes.
    package mutating func write(_ plaintext: ByteBuffer) -> Step {
        let length = plaintext.readableBytes
        guard length > 0 else { return .done }
        expectPlaintext(length)
        var written = 0
        let step = plaintext.withUnsafeReadableBytes { bytes in
            call { SSL_write_ex($0, bytes.baseAddress, bytes.count, &written) }
        }
        guard step != .done || written == length else {
            return .failed([.unexplained("SSL_write_ex")])
        }
        return step
    }

    /// Makes room at once for the records of `length` bytes that are about to be written in one or several calls.
    package mutating func expectPlaintext(_ length: Int) {
        let records = length / Int(SSL3_RT_MAX_PLAIN_LENGTH) + 2
        bio.reserveOutput(length + records * TLSSession.recordOverhead)
    }

    /// Says goodbye: puts a close_notify into the ciphertext, once, and sends nothing after it.
    package mutating func close() {
        guard SSL_is_init_finished(ssl.pointer) == 1 else { return }
        _ = call { SSL_shutdown($0) }
    }

    /// Header, explicit nonce and tag of the longest record of our suites: 5 + 8 + 16, and the inner type of TLS 1.3.
    private static let recordOverhead = 30

    private mutating func readOnce(into plaintext: inout ByteBuffer) -> Step {
        // Never more plaintext than this comes out of one record; 64 where only the end is to be noticed.
        let most = max(Int(SSL_pending(ssl.pointer)), min(bio.inbound.readableBytes, Int(SSL3_RT_MAX_PLAIN_LENGTH)), 64)
        var step = Step.needsInput
        plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { bytes in
            var count = 0
            step = call { SSL_read_ex($0, bytes.baseAddress, bytes.count, &count) }
            return count
        }
        return step
    }

    /// The one place where libssl works: the error queue is empty before and told afterwards, SSL_get_error(3).
    private borrowing func call(_ body: (OpaquePointer) -> CInt) -> Step {
        ErrorQueue.clear()
        let result = body(ssl.pointer)
        switch SSL_get_error(ssl.pointer, result) {
        case SSL_ERROR_NONE:
            return .done
        case SSL_ERROR_WANT_READ:
            return .needsInput
        case SSL_ERROR_ZERO_RETURN:
            return .peerClosed
        case let other:
            let errors = ErrorQueue.drain()
            guard let cause = errors.first else {
                return bio.isAtEnd ? .truncated : .failed([.unexplained("libssl (error \(other))")])
            }
            let isTruncation =
                cause.library == ERR_LIB_SSL && cause.reasonCode == SSL_R_UNEXPECTED_EOF_WHILE_READING
            return isTruncation ? .truncated : .failed(explained(errors))
        }
    }

    /// "certificate verify failed" alone helps nobody: the verdict on the chain comes first.
    private borrowing func explained(_ errors: [OpenSSLError]) -> [OpenSSLError] {
        let verdict = SSL_get_verify_result(ssl.pointer)
        guard verdict != X509_V_OK, let words = X509_verify_cert_error_string(verdict) else { return errors }
        let isVerification = errors.contains {
            $0.library == ERR_LIB_SSL && $0.reasonCode == SSL_R_CERTIFICATE_VERIFY_FAILED
        }
        guard isVerification else { return errors }
        let verification = OpenSSLError.Verification(verdict)
        // The one verdict of our own.
        let isUnpinned = verdict == Int(X509_V_ERR_APPLICATION_VERIFICATION)
        let detail = isUnpinned ? "its public key is not one of the pins" : String(cString: words)
        return [OpenSSLError(code: 0, detail: detail, verification: verification)] + errors
    }

    /// Sets the name that is sent and the name or address that the certificate must be for.
    private static func expect(_ name: String, of ssl: OpaquePointer) throws(OpenSSLError) {
        let parameters = SSL_get0_param(ssl)
        // An address is verified but never sent: RFC 6066 section 3 allows no literal addresses.
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
        ErrorQueue.clear()
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        guard !name.isEmpty, !name.utf8.contains(0),
            X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count) == 1,
            COpenSSL_SSL_set_tlsext_host_name(ssl, name) == 1
        else { throw ErrorQueue.cause(of: "the server name \"\(name)\"") }
    }
}

extension TLSSession {
    /// The protocol chosen by ALPN; nil when none was.
    package var negotiatedProtocol: String? {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl.pointer, &bytes, &count)
        guard let bytes, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    /// `TLSv1.2` or `TLSv1.3`.
    package var version: String { String(cString: SSL_get_version(ssl.pointer)) }

    /// The suite, in OpenSSL's spelling.
    package var suite: String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(ssl.pointer)).map(String.init(cString:)) ?? ""
    }

    /// Whether an earlier session was resumed.
    package var isResumed: Bool { SSL_session_reused(ssl.pointer) == 1 }

    /// The short fingerprint of our own certificate, which the peer was shown unless a session was resumed; nil at
    /// a client's end.
    package var servedFingerprint: String? {
        // Borrowed: SSL_get_certificate(3).
        SSL_get_certificate(ssl.pointer).flatMap { context.fingerprints[$0] }
    }

    /// The certificate that the peer has shown; nil when it showed none.
    package var peerCertificate: Certificate? {
        guard let pointer = Owned(SSL_get1_peer_certificate(ssl.pointer), X509_free) else { return nil }
        return try? Certificate(takingOwnership: pointer)
    }

    /// All certificates that the peer has sent, its own first; nil when it sent none.
    package var peerChain: CertificateChain? {
        guard let leaf = peerCertificate else { return nil }
        // Borrowed: freed with the session. A server's begins with its own certificate, SSL_get_peer_cert_chain(3).
        let stack = SSL_get_peer_cert_chain(ssl.pointer)
        let sent = (0..<max(0, OPENSSL_sk_num(stack))).compactMap { index -> Certificate? in
            guard let pointer = OPENSSL_sk_value(stack, index) else { return nil }
            let certificate = OpaquePointer(pointer)
            guard X509_up_ref(certificate) == 1, let owned = Owned(certificate, X509_free) else { return nil }
            return try? Certificate(takingOwnership: owned)
        }
        let issuers = context.role == .client ? Array(sent.dropFirst()) : sent
        return CertificateChain(leaf: leaf, intermediates: issuers, name: "the peer's chain")
    }

    /// The OCSP response that the server has stapled, unread; nil when it has not, or was not asked.
    package var stapledResponse: [UInt8]? {
        var bytes: UnsafePointer<UInt8>?
        let count = COpenSSL_SSL_get_tlsext_status_ocsp_resp(ssl.pointer, &bytes)
        guard let bytes, count > 0 else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// What a later connection to the same server may resume.
    ///
    /// In TLS 1.3 it arrives after the handshake, with the first `read` at the earliest.
    package var resumable: ResumableSession? {
        // A copy: SSL_free takes from a connection that was cut off the right to resume its session.
        ResumableSession(takingOwnership: SSL_get_session(ssl.pointer).flatMap { SSL_SESSION_dup($0) })
    }

    /// Tries to begin a new handshake inside this one, as an attacker would.
    ///
    /// For tests: we never do.
    package mutating func renegotiate() -> Step {
        call { SSL_renegotiate($0) }
    }

    /// Asks the peer for new keys (TLS 1.3).
    ///
    /// For tests: OpenSSL asks by itself when it is time.
    package mutating func updateKeys() -> Step {
        let requested = call { SSL_key_update($0, SSL_KEY_UPDATE_REQUESTED) }
        return requested == .done ? handshake() : requested
    }
}
