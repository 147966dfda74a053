internal import COpenSSL
internal import Synchronization

/// The OCSP response that goes with one certificate, exchanged while connections are made.
package final class OCSPStaple: Sendable {
    private let held = Mutex<OCSPResponse?>(nil)

    package init() {}

    /// Serves another response from now on; nil: none.
    package func replace(by response: OCSPResponse?) {
        held.withLock { $0 = response }
    }

    /// The response, as long as it is current.
    package func current(at now: CertificateTime = .now) -> OCSPResponse? {
        held.withLock { response in response.flatMap { $0.nextUpdate > now ? $0 : nil } }
    }
}

/// The staples of the certificates of one server context.
///
/// A class, so that a C callback can point at it.
final class StapledResponses: Sendable {
    private let staples: [(certificate: Certificate, staple: OCSPStaple)]

    /// Nil where nothing is ever stapled.
    init?(_ identities: [TLSIdentity]) {
        staples = identities.compactMap { identity in identity.staple.map { (identity.chain.leaf, $0) } }
        if staples.isEmpty { return nil }
    }

    /// Makes a server context staple these, for clients that ask (RFC 6066, section 8).
    ///
    /// The context must not outlive them.
    func install(in context: OpaquePointer) {
        COpenSSL_SSL_CTX_set_tlsext_status_cb(context, staple, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The handshake goes on, whatever comes of it.
    fileprivate func answer(_ ssl: OpaquePointer) -> CInt {
        // The certificate that was chosen, the very object that the context was given.
        guard let chosen = SSL_get_certificate(ssl),
            let response = staples.first(where: { $0.certificate.withPointer { $0 == chosen } })?.staple.current()
        else { return SSL_TLSEXT_ERR_NOACK }
        let count = response.der.count
        guard let copy = CRYPTO_malloc(count, #file, #line) else { return SSL_TLSEXT_ERR_NOACK }
        copy.copyMemory(from: response.der, byteCount: count)
        // Takes the copy over.
        guard COpenSSL_SSL_set_tlsext_status_ocsp_resp(ssl, copy, count) == 1 else {
            CRYPTO_free(copy, #file, #line)
            return SSL_TLSEXT_ERR_NOACK
        }
        return SSL_TLSEXT_ERR_OK
    }
}

private func staple(_ ssl: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) -> CInt {
    guard let ssl, let argument else { return SSL_TLSEXT_ERR_NOACK }
    return Unmanaged<StapledResponses>.fromOpaque(argument).takeUnretainedValue().answer(ssl)
}
