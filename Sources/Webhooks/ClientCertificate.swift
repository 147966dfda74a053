/// The verified certificate of a client: who it is below HTTP.
package final class ClientCertificate: Sendable {
    /// Whose key it is, RFC 2253 form: `CN=proxy,O=Example`.
    ///
    /// Control characters are escaped there, so it is one line.
    package let subject: String
    /// SHA-256 of its DER form, in lower-case hexadecimal.
    package let fingerprint: String

    package init(subject: String, fingerprint: String) {
        self.subject = subject
        self.fingerprint = fingerprint
    }

    /// Both in one line, `FINGERPRINT SUBJECT`, as journals keep it.
    package convenience init?(line: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        self.init(subject: String(parts[1]), fingerprint: String(parts[0]))
    }

    /// Both in one line, `FINGERPRINT SUBJECT`.
    package var line: String { "\(fingerprint) \(subject)" }
}

/// Who may come, by certificate.
package struct CertificateRules: Sendable {
    /// What stands before a fingerprint.
    package static let fingerprintPrefix = "sha256:"

    /// Subjects, and fingerprints behind their prefix; nil: nobody needs one.
    package let allowed: Set<String>?

    /// - Parameter allowed: `CN=proxy,O=Example` or `sha256:` and 64 hexadecimal digits in lower case; nil: nobody
    ///   needs a certificate.
    package init(allowed: Set<String>? = nil) {
        self.allowed = allowed
    }

    /// Whether a client with this certificate may come; nil: it showed none.
    package func admits(_ certificate: ClientCertificate?) -> Bool {
        guard let allowed else { return true }
        guard let certificate else { return false }
        return allowed.contains(certificate.subject)
            || allowed.contains(CertificateRules.fingerprintPrefix + certificate.fingerprint)
    }
}
