import Auth
import OpenSSL

/// What there is to know about a chain and its key, and what is wrong with them.
struct CertificateReport {
    /// One thing that is wrong.
    struct Finding {
        let isError: Bool
        let message: String

        /// The finding as an issue of the configuration that names the files.
        func issue(file: String, key: String) -> ConfigurationIssue {
            ConfigurationIssue(
                severity: isError ? .error : .warning,
                file: file,
                line: nil,
                column: nil,
                key: key,
                message: message,
                remedy: nil
            )
        }
    }

    /// A line each, the leaf first.
    private(set) var facts: [String] = []
    private(set) var findings: [Finding] = []

    /// - Parameters:
    ///   - chainFile: PEM, the leaf first.
    ///   - keyFile: the leaf's private key; nil leaves it out.
    ///   - passPhrase: for an encrypted key.
    init(chainFile: String, keyFile: String?, passPhrase: String? = nil) {
        let outcome =
            if let keyFile {
                CertificateChecks.run(chainFile: chainFile, keyFile: keyFile, passPhrase: passPhrase)
            } else {
                CertificateChecks.run(chainFile: chainFile)
            }
        for (index, certificate) in (outcome.chain?.certificates ?? []).enumerated() {
            facts += CertificateReport.facts(certificate, isLeaf: index == 0)
        }
        if let key = outcome.key { facts.append("key: \(key.kind)") }
        for finding in outcome.findings {
            let message = finding.message.escaped
            switch finding.severity {
            case .note: facts.append("note: \(message)")
            case .warning: findings.append(Finding(isError: false, message: message))
            case .error: findings.append(Finding(isError: true, message: message))
            }
        }
    }

    /// The report on the first certificate of a listener, which is the only one.
    static func of(_ listener: ListenerConfiguration) -> CertificateReport? {
        listener.tls.certificates.first.map { files in
            CertificateReport(chainFile: files.chain, keyFile: files.key, passPhrase: files.passPhrase?.exposed)
        }
    }

    private static func facts(_ certificate: Certificate, isLeaf: Bool) -> [String] {
        let days = CertificateTime.now.days(until: certificate.notAfter)
        let names = certificate.alternativeNames.joined(separator: ", ")
        var facts = ["\(isLeaf ? "certificate" : "issuer"): \(certificate.subject.escaped)"]
        if isLeaf { facts.append("  names: \(names.isEmpty ? "none" : names.escaped)") }
        facts.append("  signed by: \(certificate.isSelfIssued ? "itself" : certificate.issuer.escaped)")
        let left = days == 1 ? "1 day" : "\(days) days"
        facts.append("  valid: \(certificate.notBefore) to \(certificate.notAfter)\(days >= 0 ? ", \(left) left" : "")")
        facts.append("  key: \(certificate.publicKey)")
        facts.append("  SHA-256: \(certificate.fingerprint)")
        return facts
    }
}
