internal import COpenSSL

extension Certificate {
    /// Where its issuer says whether it is revoked (authorityInfoAccess, RFC 5280 section 4.2.2.1).
    package var ocspResponders: [String] {
        withPointer { certificate in
            guard let names = Owned(X509_get1_ocsp(certificate), COpenSSL_X509_email_free) else { return [] }
            return (0..<max(0, COpenSSL_sk_OPENSSL_STRING_num(names.pointer))).compactMap { index in
                COpenSSL_sk_OPENSSL_STRING_value(names.pointer, index).map { String(cString: $0) }
            }
        }
    }

    /// Whether clients shall refuse it without an OCSP response (TLS feature, RFC 7633).
    package var demandsStaple: Bool {
        withPointer { X509_get_ext_by_NID($0, NID_tlsfeature, -1) >= 0 }
    }
}
