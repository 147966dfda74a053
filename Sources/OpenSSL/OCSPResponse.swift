internal import COpenSSL

/// What an authority says of one certificate, verified: that it has not been revoked (OCSP, RFC 6960).
package struct OCSPResponse: Sendable, Equatable {
    /// The longest that is looked at, in bytes; the usual are below 2,000.
    package static let maxBytes = 64 * 1024
    /// How far the responder's clock may be ahead, in seconds.
    private static let skew: Int64 = 300

    /// As it came, which is what clients get.
    package let der: [UInt8]
    /// When it was true.
    package let thisUpdate: CertificateTime
    /// When the next one is there, and this one says nothing any more.
    package let nextUpdate: CertificateTime

    /// Checks a response: it is about this very certificate, its issuer or whom that has delegated has signed it, it is
    /// current, and says that all is well.
    ///
    /// - Parameters:
    ///   - der: The response.
    ///   - chain: The certificate, and behind it its issuer.
    ///   - now: What its times are compared with.
    /// - Throws: why it is not to be believed, or what it says instead.
    package init(der: [UInt8], for chain: CertificateChain, now: CertificateTime = .now) throws(OCSPProblem) {
        guard let issuer = OCSPResponse.issuer(in: chain) else { throw .noIssuer }
        ErrorQueue.clear()
        guard der.count <= OCSPResponse.maxBytes, let response = OCSPResponse.decode(der) else {
            throw .malformed(ErrorQueue.drain().first?.description ?? "it is too long")
        }
        let status = OCSP_response_status(response.pointer)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            throw .declined(OCSP_response_status_str(Int(status)).map { String(cString: $0) } ?? "status \(status)")
        }
        guard let basic = Owned(OCSP_response_get1_basic(response.pointer), OCSP_BASICRESP_free) else {
            throw .malformed(ErrorQueue.cause(of: "OCSP_response_get1_basic").description)
        }
        guard let single = OCSPResponse.single(in: basic.pointer, about: chain.leaf, issuer) else {
            throw .otherCertificate
        }
        try OCSPResponse.verify(basic.pointer, issuer)

        var (reason, revoked): (CInt, UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?) = (0, nil)
        var (this, next): (UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?, UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?)
        (this, next) = (nil, nil)
        switch OCSP_single_get0_status(single, &reason, &revoked, &this, &next) {
        case V_OCSP_CERTSTATUS_GOOD: break
        case V_OCSP_CERTSTATUS_REVOKED: throw .revoked(CertificateTime(revoked.map { UnsafePointer($0) }))
        default: throw .unknown
        }
        guard let begin = CertificateTime(this.map { UnsafePointer($0) }) else { throw .malformed("it has no date") }
        guard let end = CertificateTime(next.map { UnsafePointer($0) }) else { throw .endless }
        guard begin.unixSeconds <= now.unixSeconds + OCSPResponse.skew else { throw .early(begin) }
        guard end > now else { throw .ended(end) }
        self.der = der
        thisUpdate = begin
        nextUpdate = end
    }

    /// What a responder is asked: whether the first certificate of a chain is good.
    ///
    /// In the form that all understand (RFC 5019, section 2.1.1): SHA-1, and no nonce, so that it may answer from a cache.
    ///
    /// - Throws: `OCSPProblem` when the chain holds no issuer.
    package static func request(for chain: CertificateChain) throws(OCSPProblem) -> [UInt8] {
        guard let issuer = issuer(in: chain) else { throw .noIssuer }
        ErrorQueue.clear()
        guard let request = Owned(OCSP_REQUEST_new(), OCSP_REQUEST_free),
            let id = id(of: chain.leaf, issuer, EVP_sha1()),
            // Takes the id over.
            OCSP_request_add0_id(request.pointer, id) != nil
        else { throw .malformed(ErrorQueue.cause(of: "OCSP_REQUEST_new").description) }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_OCSP_REQUEST(request.pointer, &bytes)
        guard let bytes, count > 0 else { throw .malformed(ErrorQueue.cause(of: "i2d_OCSP_REQUEST").description) }
        defer { CRYPTO_free(bytes, #file, #line) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// Who signed the first certificate of a chain, if that stands in it.
    private static func issuer(in chain: CertificateChain) -> Certificate? {
        chain.intermediates.first { chain.leaf.whyNotSigned(by: $0) == nil }
    }

    private static func decode(_ der: [UInt8]) -> Owned? {
        var pointer: OpaquePointer?
        let length = der.withUnsafeBufferPointer { bytes in
            var end = bytes.baseAddress
            pointer = d2i_OCSP_RESPONSE(nil, &end, bytes.count)
            return bytes.baseAddress.flatMap { start in end.map { $0 - start } }
        }
        guard let response = Owned(pointer, OCSP_RESPONSE_free) else { return nil }
        // Bytes behind it would go to clients with it.
        guard length == der.count else { return nil }
        return response
    }

    /// The part about a certificate; borrowed from the response.
    private static func single(
        in basic: OpaquePointer,
        about leaf: Certificate,
        _ issuer: Certificate
    ) -> OpaquePointer? {
        for index in 0..<max(0, OCSP_resp_count(basic)) {
            guard let single = OCSP_resp_get0(basic, index), let id = OCSP_SINGLERESP_get0_id(single) else { continue }
            var algorithm: OpaquePointer?
            // Responders choose the hash of the id.
            guard OCSP_id_get0_info(nil, &algorithm, nil, nil, id) == 1,
                let digest = EVP_get_digestbyname(OBJ_nid2sn(OBJ_obj2nid(algorithm))),
                let ours = self.id(of: leaf, issuer, digest)
            else { continue }
            defer { OCSP_CERTID_free(ours) }
            if OCSP_id_cmp(id, ours) == 0 { return single }
        }
        return nil
    }

    private static func id(of leaf: Certificate, _ issuer: Certificate, _ digest: OpaquePointer?) -> OpaquePointer? {
        leaf.withPointer { leaf in issuer.withPointer { OCSP_cert_to_id(digest, leaf, $0) } }
    }

    private static func verify(_ basic: OpaquePointer, _ issuer: Certificate) throws(OCSPProblem) {
        ErrorQueue.clear()
        // The issuer is where trust begins here, root or not; both take references of their own or are gone before it.
        guard let store = Owned(X509_STORE_new(), X509_STORE_free),
            let issuers = Owned(COpenSSL_sk_X509_new_null(), COpenSSL_sk_X509_free),
            issuer.withPointer({ X509_STORE_add_cert(store.pointer, $0) }) == 1,
            issuer.withPointer({ COpenSSL_sk_X509_push(issuers.pointer, $0) }) > 0
        else { throw .signature(ErrorQueue.cause(of: "X509_STORE_new").description) }
        let verdict = OCSP_basic_verify(basic, issuers.pointer, store.pointer, UInt(OCSP_PARTIAL_CHAIN))
        guard verdict == 1 else { throw .signature(ErrorQueue.cause(of: "OCSP_basic_verify").description) }
    }
}

/// Why an OCSP response is not to be shown to anybody.
package enum OCSPProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The chain does not hold the certificate of who signed its first.
    case noIssuer
    /// No response at all.
    case malformed(String)
    /// The responder has answered that it will not answer.
    case declined(String)
    /// It says nothing of this certificate.
    case otherCertificate
    /// Neither the issuer nor whom that has delegated has signed it.
    case signature(String)
    case revoked(CertificateTime?)
    /// The responder does not know the certificate.
    case unknown
    case early(CertificateTime)
    case ended(CertificateTime)
    /// It does not say until when it is true.
    case endless

    package var description: String {
        switch self {
        case .noIssuer: "the chain does not hold the issuer's certificate, which is needed to check a response"
        case .malformed(let reason): "it is no OCSP response in DER (\(reason))"
        case .declined(let reason): "the responder declined: \(reason)"
        case .otherCertificate: "it is about another certificate"
        case .signature(let reason): "its signature is not the issuer's (\(reason))"
        case .revoked(let time): "the certificate is revoked\(time.map { " since \($0)" } ?? ""): get another one"
        case .unknown: "the responder does not know the certificate"
        case .early(let time): "it begins at \(time) only"
        case .ended(let time): "it ended at \(time)"
        case .endless: "it does not say until when it is true (no nextUpdate)"
        }
    }
}
