internal import COpenSSL

/// What a certificate may do, and what clients do not take of it.
extension Certificate {
    /// The digest of its signature, `SHA256`; nil where the signature has none of its own (Ed25519).
    package var signatureDigest: String? {
        var digest: Int32 = 0
        let isKnown = withPointer { X509_get_signature_info($0, &digest, nil, nil, nil) == 1 }
        guard isKnown, digest != NID_undef, let name = OBJ_nid2sn(digest) else { return nil }
        return String(cString: name)
    }

    /// The curve of its key, `prime256v1`; nil of another kind of key.
    package var curve: String? {
        var name = [CChar](repeating: 0, count: 80)
        let isKnown = withPointer { EVP_PKEY_get_group_name(X509_get0_pubkey($0), &name, name.count, nil) == 1 }
        return isKnown ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// How many authorities may stand between it and a server's certificate; nil: any number.
    package var pathLength: Int? {
        let length = withPointer { X509_get_pathlen($0) }
        return length < 0 ? nil : length
    }

    /// Whether it is of the first version of X.509, which has no extensions.
    package var isFirstVersion: Bool { withPointer { X509_get_version($0) == Int(X509_VERSION_1) } }

    /// Whether its key may sign, which is all that servers of TLS 1.3 do with theirs (keyUsage).
    package var mayUseSignatures: Bool {
        withPointer { X509_get_key_usage($0) & UInt32(KU_DIGITAL_SIGNATURE) != 0 }
    }

    /// Extensions that must be understood and are by nobody, as dotted numbers.
    package var unknownCriticalExtensions: [String] {
        withPointer { certificate in
            (0..<X509_get_ext_count(certificate)).compactMap { place in
                guard let entry = X509_get_ext(certificate, place), X509_EXTENSION_get_critical(entry) == 1,
                    X509_supported_extension(entry) == 0
                else { return nil }
                var text = [CChar](repeating: 0, count: 80)
                OBJ_obj2txt(&text, Int32(text.count), X509_EXTENSION_get_object(entry), 1)
                return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
    }

    /// Where its issuer's certificate can be fetched (authorityInfoAccess, RFC 5280 section 4.2.2.1).
    package var issuerAddress: String? {
        let access = withPointer { X509_get_ext_d2i($0, NID_info_access, nil, nil) }
        guard let list = Owned(OpaquePointer(access), freeAccess) else { return nil }
        for place in 0..<max(0, OPENSSL_sk_num(list.pointer)) {
            guard let entry = OPENSSL_sk_value(list.pointer, place) else { continue }
            let description = entry.assumingMemoryBound(to: ACCESS_DESCRIPTION.self).pointee
            guard OBJ_obj2nid(description.method) == NID_ad_ca_issuers else { continue }
            var kind: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(description.location, &kind), kind == GEN_URI else { continue }
            let text = value.assumingMemoryBound(to: ASN1_STRING.self)
            let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
            return String(decoding: bytes, as: UTF8.self)
        }
        return nil
    }

    /// Why clients that want `host` refuse it; nil when it is for that host.
    package func whyNot(for host: String) -> String? {
        guard !isFor(host) else { return nil }
        guard !alternativeNames.isEmpty else { return "the certificate names no host" }
        let names = "names of the certificate: \(alternativeNames.joined(separator: ", "))"
        // An asterisk stands for one label (RFC 6125, section 6.4.3).
        let lower = host.lowercased()
        let wildcard = alternativeNames.first { name in
            guard name.hasPrefix("DNS:*.") else { return false }
            let domain = name.dropFirst("DNS:*.".count).lowercased()
            return lower == domain || lower.hasSuffix(".\(domain)")
        }
        guard let wildcard else { return names }
        let asterisk = wildcard.dropFirst("DNS:".count)
        return lower == asterisk.dropFirst(2).lowercased()
            ? "\(names); \(asterisk) is for what stands below that name, not for the name itself"
            : "\(names); \(asterisk) is for one label before the domain, and \(host) has more"
    }

    /// Why this authority may not sign for the names of `certificate` (nameConstraints); nil when it may.
    func whyNotFor(_ certificate: Certificate) -> String? {
        let extensionValue = withPointer { X509_get_ext_d2i($0, NID_name_constraints, nil, nil) }
        guard let constraints = Owned(OpaquePointer(extensionValue), freeConstraints) else { return nil }
        ErrorQueue.clear()
        defer { ErrorQueue.clear() }
        let pointer = UnsafeMutablePointer<NAME_CONSTRAINTS>(constraints.pointer)
        let verdict = certificate.withPointer { NAME_CONSTRAINTS_check($0, pointer) }
        guard verdict != X509_V_OK else { return nil }
        return X509_verify_cert_error_string(Int(verdict)).map(String.init(cString:)) ?? "name constraints"
    }
}

private func freeAccess(_ list: OpaquePointer?) {
    AUTHORITY_INFO_ACCESS_free(list)
}

private func freeConstraints(_ constraints: OpaquePointer?) {
    NAME_CONSTRAINTS_free(constraints.map { UnsafeMutablePointer<NAME_CONSTRAINTS>($0) })
}
