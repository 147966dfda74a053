internal import COpenSSL

/// One X.509 certificate: OpenSSL's object, and what people want to know of it as values.
///
/// `@unchecked Sendable`: openssl-threads(7): an `X509` is reference-counted and guards its lazily filled caches with a
/// lock of its own; nothing here changes it.
package final class Certificate: @unchecked Sendable {
    /// Whose key it is, RFC 2253 form.
    package let subject: String
    /// Who says so, RFC 2253 form.
    package let issuer: String
    /// The names it is for: `DNS:hooks.example.net`, `IP:192.0.2.1`, `IP:2001:db8::1`.
    package let alternativeNames: [String]
    /// Valid from.
    package let notBefore: CertificateTime
    /// Valid to.
    package let notAfter: CertificateTime
    /// The serial number in hexadecimal.
    package let serial: String
    /// SHA-256 of the DER form.
    package let fingerprint: Digest
    /// The kind of its key.
    package let publicKey: PublicKeyKind
    /// Whether it may sign others (basicConstraints).
    package let isAuthority: Bool
    /// Whether its key usages allow it in a TLS server.
    package let isForServers: Bool

    private let certificate: Owned

    /// Takes over one `X509`.
    ///
    /// - Throws: what OpenSSL cannot read of it.
    init(takingOwnership certificate: consuming Owned) throws(OpenSSLError) {
        ErrorQueue.clear()
        let pointer = certificate.pointer
        guard
            let notBefore = CertificateTime(X509_get0_notBefore(pointer)),
            let notAfter = CertificateTime(X509_get0_notAfter(pointer))
        else { throw ErrorQueue.cause(of: "reading the dates") }
        self.notBefore = notBefore
        self.notAfter = notAfter
        fingerprint = try Certificate.fingerprint(of: pointer)
        subject = Certificate.text(of: X509_get_subject_name(pointer))
        issuer = Certificate.text(of: X509_get_issuer_name(pointer))
        alternativeNames = Certificate.alternativeNames(of: pointer)
        serial = Certificate.serial(of: pointer)
        publicKey = PublicKeyKind(of: X509_get0_pubkey(pointer))
        isAuthority = X509_check_ca(pointer) == 1
        isForServers = X509_check_purpose(pointer, X509_PURPOSE_SSL_SERVER, 0) == 1
        self.certificate = certificate
    }

    /// The first 16 hexadecimal digits of its fingerprint, as the records of connections name it.
    package var shortFingerprint: String { String(fingerprint.description.prefix(16)) }

    /// SHA-256 of the DER form of an `X509`, which is lent.
    static func fingerprint(of certificate: OpaquePointer) throws(OpenSSLError) -> Digest {
        try Digest { bytes throws(OpenSSLError) in
            let status = X509_digest(
                certificate,
                Algorithms.shared.sha256,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                nil
            )
            guard status == 1 else { throw ErrorQueue.cause(of: "X509_digest") }
        }
    }

    /// Lends the `X509`.
    func withPointer<Result: ~Copyable>(_ body: (OpaquePointer) -> Result) -> Result {
        body(certificate.pointer)
    }

    /// The certificate in PEM, with its final line break.
    package var pem: String {
        PEMWriter.text { PEM_write_bio_X509($0, certificate.pointer) } ?? ""
    }

    /// SHA-256 of its public key (SubjectPublicKeyInfo, RFC 7469 section 2.4), which outlives a renewal with the same key.
    ///
    /// - Throws: what OpenSSL cannot write.
    package func publicKeyPin() throws(OpenSSLError) -> Digest {
        ErrorQueue.clear()
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.pointer), &bytes)
        guard let bytes, count > 0 else { throw ErrorQueue.cause(of: "i2d_X509_PUBKEY") }
        defer { CRYPTO_free(bytes, #file, #line) }
        return try SHA256.digest(of: UnsafeBufferPointer(start: bytes, count: Int(count)).span)
    }

    /// Whether it is for a DNS name or an IP address, X509_check_host(3).
    package func isFor(_ host: String) -> Bool {
        let pointer = certificate.pointer
        let flags = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_ip_asc(pointer, host, 0) == 1
            || X509_check_host(pointer, host, host.utf8.count, flags, nil) == 1
    }

    /// Whether subject and issuer are one, as in a root or a certificate of one's own.
    package var isSelfIssued: Bool {
        X509_NAME_cmp(X509_get_subject_name(certificate.pointer), X509_get_issuer_name(certificate.pointer)) == 0
    }

    /// Why `issuer` did not sign this; nil when it did.
    func whyNotSigned(by issuer: Certificate) -> String? {
        ErrorQueue.clear()
        let mine = certificate.pointer
        let verdict = X509_check_issued(issuer.certificate.pointer, mine)
        guard verdict == X509_V_OK else {
            return X509_verify_cert_error_string(Int(verdict)).map(String.init(cString:)) ?? "issuer mismatch"
        }
        guard X509_verify(mine, X509_get0_pubkey(issuer.certificate.pointer)) != 1 else { return nil }
        return "the signature does not verify: \(ErrorQueue.cause(of: "X509_verify"))"
    }

    private static func text(of name: OpaquePointer?) -> String {
        // XN_FLAG_RFC2253 without its escaping of letters beyond ASCII: the output is UTF-8.
        let flags = COpenSSL_XN_FLAG_RFC2253() & ~UInt(ASN1_STRFLGS_ESC_MSB)
        return PEMWriter.text { X509_NAME_print_ex($0, name, 0, flags) >= 0 ? 1 : 0 } ?? ""
    }

    private static func serial(of certificate: OpaquePointer) -> String {
        guard let number = Owned(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil), BN_free) else {
            return ""
        }
        guard let text = BN_bn2hex(number.pointer) else { return "" }
        defer { CRYPTO_free(text, #file, #line) }
        return String(cString: text)
    }

    private static func alternativeNames(of certificate: OpaquePointer) -> [String] {
        let extensionValue = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil)
        guard let names = Owned(OpaquePointer(extensionValue), GENERAL_NAMES_free) else { return [] }
        return (0..<COpenSSL_sk_GENERAL_NAME_num(names.pointer)).compactMap { index in
            guard let name = COpenSSL_sk_GENERAL_NAME_value(names.pointer, index) else { return nil }
            var kind: Int32 = 0
            let value = GENERAL_NAME_get0_value(name, &kind)
            guard let value, kind == GEN_DNS || kind == GEN_IPADD || kind == GEN_EMAIL || kind == GEN_URI else {
                return nil
            }
            let bytes = Certificate.bytes(of: value.assumingMemoryBound(to: ASN1_STRING.self))
            switch kind {
            case GEN_IPADD: return "IP:\(IPAddressText.text(of: bytes) ?? "invalid")"
            case GEN_DNS: return "DNS:\(String(decoding: bytes, as: UTF8.self))"
            case GEN_EMAIL: return "email:\(String(decoding: bytes, as: UTF8.self))"
            default: return "URI:\(String(decoding: bytes, as: UTF8.self))"
            }
        }
    }

    private static func bytes(of string: UnsafePointer<ASN1_STRING>) -> [UInt8] {
        Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
    }
}
