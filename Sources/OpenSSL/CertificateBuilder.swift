internal import COpenSSL

/// Makes certificates for development and tests, in the form that strict verifiers take (RFC 5280).
package struct CertificateBuilder: Sendable {
    /// A certificate with the key it is for.
    package struct Issued: Sendable {
        /// The certificate.
        package let certificate: Certificate
        /// Its key.
        package let key: PrivateKey
    }

    /// What a development server needs.
    package struct Development: Sendable {
        /// For the server's chain file: its certificate.
        package let chainPEM: String
        /// For the server's key file.
        package let keyPEM: String
        /// For clients to trust (`curl --cacert`).
        ///
        /// The key that signed with it is gone: it signs nothing else.
        package let authorityPEM: String
    }

    /// What the certificate is for.
    package enum Purpose: Sendable, Hashable {
        /// To sign others.
        case authority
        /// To stand in a TLS server.
        case server
        /// To stand in a TLS client.
        case client
    }

    /// The common name of the subject; at most 64 characters, RFC 5280 appendix A.
    package var commonName: String
    /// DNS names and IP addresses that a server is reached by.
    package var names: [String] = []
    /// What it is for.
    package var purpose = Purpose.server
    /// The kind of its key.
    package var keyKind = PrivateKey.NewKind.p256
    /// Valid from; an hour ago lest a client's slow clock refuse it.
    package var notBefore = CertificateTime(unixSeconds: CertificateTime.now.unixSeconds - 3600)
    /// Valid to.
    package var notAfter = CertificateTime.now.adding(days: 365)

    /// Where one may ask whether it is revoked.
    package var ocspResponder: String?

    package init(commonName: String) {
        self.commonName = commonName
    }

    /// A server certificate for `names` under an authority of its own, which is how curl, Python, Node and Java all
    /// accept it: some take no self-signed server certificate as a root, and others no authority as a server.
    ///
    /// - Parameters:
    ///   - names: DNS names and IP addresses, at least one.
    ///   - days: How long both are valid.
    /// - Returns: PEM texts.
    /// - Throws: what OpenSSL says, or which name is none.
    package static func development(names: [String], days: Int) throws(OpenSSLError) -> Development {
        guard let first = names.first else { throw OpenSSLError(code: 0, detail: "no name was given") }
        var root = CertificateBuilder(commonName: "Hookgate development CA")
        root.purpose = .authority
        root.notAfter = .now.adding(days: days)
        let authority = try root.selfSigned()
        var server = CertificateBuilder(commonName: String(first.prefix(64)))
        server.names = names
        server.notAfter = .now.adding(days: days)
        let issued = try server.signed(by: authority)
        return try Development(
            chainPEM: issued.certificate.pem,
            keyPEM: issued.key.pem(),
            authorityPEM: authority.certificate.pem
        )
    }

    /// A certificate with a new key, signed with that key.
    ///
    /// - Throws: what OpenSSL says, or which name is none.
    package func selfSigned() throws(OpenSSLError) -> Issued {
        try issue(signer: nil)
    }

    /// A certificate with a new key, signed by an authority.
    ///
    /// - Throws: what OpenSSL says, or which name is none.
    package func signed(by authority: Issued) throws(OpenSSLError) -> Issued {
        try issue(signer: authority)
    }

    private func issue(signer: Issued?) throws(OpenSSLError) -> Issued {
        let key = try PrivateKey(making: keyKind)
        guard let draft = Owned(X509_new(), X509_free) else { throw ErrorQueue.cause(of: "X509_new") }
        let certificate = draft.pointer
        try require(X509_set_version(certificate, Int(X509_VERSION_3)))
        try setSerial(of: certificate)
        try setValidity(of: certificate)
        try setSubject(of: certificate)
        try require(key.withPointer { X509_set_pubkey(certificate, $0) })
        let signingKey = signer?.key ?? key
        if let signer {
            try add(extensions(hasIssuer: true), to: certificate, issuer: signer.certificate)
        } else {
            try require(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)))
            try add(extensions(hasIssuer: false), to: certificate, issuer: nil)
        }
        let length = signingKey.withPointer { X509_sign(certificate, $0, EVP_sha256()) }
        guard length > 0 else { throw ErrorQueue.cause(of: "X509_sign") }
        return try Issued(certificate: Certificate(takingOwnership: draft), key: key)
    }

    /// RFC 5280 section 4.2, each with the text of x509v3_config(5).
    private func extensions(hasIssuer: Bool) throws(OpenSSLError) -> [(Int32, String)] {
        var list: [(Int32, String)] = [(NID_subject_key_identifier, "hash")]
        switch purpose {
        case .authority:
            list.append((NID_basic_constraints, "critical,CA:TRUE"))
            list.append((NID_key_usage, "critical,keyCertSign,cRLSign"))
        case .server:
            list.append((NID_basic_constraints, "critical,CA:FALSE"))
            list.append((NID_key_usage, "critical,digitalSignature"))
            list.append((NID_ext_key_usage, "serverAuth"))
        case .client:
            list.append((NID_basic_constraints, "critical,CA:FALSE"))
            list.append((NID_key_usage, "critical,digitalSignature"))
            list.append((NID_ext_key_usage, "clientAuth"))
        }
        if let ocspResponder { list.append((NID_info_access, "OCSP;URI:\(ocspResponder)")) }
        if hasIssuer { list.append((NID_authority_key_identifier, "keyid:always")) }
        if !names.isEmpty {
            let entries = try names.map { name throws(OpenSSLError) in try alternativeName(name) }
            list.append((NID_subject_alt_name, entries.joined(separator: ",")))
        }
        return list
    }

    /// `DNS:` or `IP:` and the name.
    ///
    /// Only letters that names have: the text goes through OpenSSL's configuration parser.
    private func alternativeName(_ name: String) throws(OpenSSLError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "*"):
                true
            default: false
            }
        }
        guard isPlain, !name.isEmpty else {
            throw OpenSSLError(code: 0, detail: "\"\(name)\" is neither a DNS name nor an IP address")
        }
        return IPAddressText.isAddress(name) ? "IP:\(name)" : "DNS:\(name)"
    }

    private func add(
        _ extensions: [(Int32, String)],
        to certificate: OpaquePointer,
        issuer: Certificate?
    ) throws(OpenSSLError) {
        if let issuer {
            try require(issuer.withPointer { X509_set_issuer_name(certificate, X509_get_subject_name($0)) })
        }
        for (identifier, text) in extensions {
            var context = X509V3_CTX()
            let made: OpaquePointer?
            if let issuer {
                made = issuer.withPointer { issuer in
                    X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
                    return X509V3_EXT_conf_nid(nil, &context, identifier, text)
                }
            } else {
                X509V3_set_ctx(&context, certificate, certificate, nil, nil, 0)
                made = X509V3_EXT_conf_nid(nil, &context, identifier, text)
            }
            guard let entry = Owned(made, X509_EXTENSION_free) else {
                throw ErrorQueue.cause(of: "the extension \"\(text)\"")
            }
            try require(X509_add_ext(certificate, entry.pointer, -1))
        }
    }

    /// 127 random bits: unique without a register, and positive.
    private func setSerial(of certificate: OpaquePointer) throws(OpenSSLError) {
        guard let number = Owned(BN_new(), BN_free) else { throw ErrorQueue.cause(of: "BN_new") }
        try require(BN_rand(number.pointer, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY))
        guard BN_to_ASN1_INTEGER(number.pointer, X509_get_serialNumber(certificate)) != nil else {
            throw ErrorQueue.cause(of: "BN_to_ASN1_INTEGER")
        }
    }

    private func setValidity(of certificate: OpaquePointer) throws(OpenSSLError) {
        guard ASN1_TIME_set(X509_getm_notBefore(certificate), Int(notBefore.unixSeconds)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(certificate), Int(notAfter.unixSeconds)) != nil
        else { throw ErrorQueue.cause(of: "ASN1_TIME_set") }
    }

    private func setSubject(of certificate: OpaquePointer) throws(OpenSSLError) {
        let subject = X509_get_subject_name(certificate)
        try require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, commonName, -1, -1, 0))
    }

    private func require(_ status: Int32) throws(OpenSSLError) {
        guard status == 1 else { throw ErrorQueue.cause(of: "making a certificate") }
    }
}
