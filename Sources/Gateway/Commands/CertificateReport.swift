import Auth
import Foundation
import OpenSSL

/// What there is to know about a chain and its key, and what is wrong with them, in words.
struct CertificateReport {
    /// A line each: what the certificates and the key are, then what is worth knowing about them.
    private(set) var facts: [String]
    /// What somebody should do something about, or has to.
    private(set) var findings: [CertificateChecks.Finding]

    /// Whether nothing can be served with them.
    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// The reports on the certificates of a listener, in their order.
    static func of(_ tls: TLSListenerConfiguration) -> [CertificateReport] {
        tls.certificates.map { files in
            let outcome = CertificateChecks.run(
                chainFile: files.chain,
                keyFile: files.key,
                passPhrase: files.passPhrase?.exposed
            )
            var report = CertificateReport(outcome)
            if let chain = outcome.chain { report.add(files.ocsp, of: chain) }
            return report
        }
    }

    /// Whether clients learn that it is not revoked.
    private mutating func add(_ source: OCSPSource?, of chain: CertificateChain) {
        guard let source else {
            if chain.leaf.demandsStaple {
                warn("\(chain.name): demands an OCSP response (TLS feature), and has no `ocsp`: some clients refuse it")
            }
            return
        }
        let stapling = Stapling(source, chain: chain)
        switch source {
        case .file(let path):
            if let current = stapling.staple.current() {
                facts.append("  OCSP: good until \(current.nextUpdate), from \(path.escaped)")
            } else {
                warn("the OCSP response is not stapled: \(stapling.problem() ?? path)")
            }
        case .fetch:
            do throws(OCSPProblem) {
                _ = try OCSPResponse.request(for: chain)
            } catch {
                return warn("\(chain.name): no OCSP response will be fetched: \(error)")
            }
            if let responder = stapling.responder {
                facts.append("  OCSP: fetched from \(responder.escaped)")
            } else {
                warn("\(chain.name): names no OCSP responder over http, so that none is asked; remove `ocsp: fetch`")
            }
        }
    }

    private mutating func warn(_ message: String) {
        findings.append(CertificateChecks.Finding(severity: .warning, message: message))
    }

    /// The findings about the certificates of all listeners, as issues of their configuration.
    static func issues(_ configuration: GatewayConfiguration, file: String) -> [ConfigurationIssue] {
        var places = configuration.listeners.enumerated().map { ("listeners[\($0)]", $1.tls) }
        if let tls = configuration.admin?.tls { places.append(("admin", tls)) }
        return places.flatMap { place, tls in
            of(tls).enumerated().flatMap { index, report in
                report.findings.map { finding in
                    ConfigurationIssue(
                        severity: finding.severity == .error ? .error : .warning,
                        file: file,
                        line: nil,
                        column: nil,
                        key: "\(place).tls.certificates[\(index)]",
                        message: finding.message.escaped,
                        remedy: nil
                    )
                }
            }
        }
    }

    /// Warns of a public address that no certificate is for, and of certificates that nobody gets.
    static func nameIssues(_ configuration: GatewayConfiguration, file: String) -> [ConfigurationIssue] {
        let hidden = configuration.listeners.enumerated().flatMap { index, listener in
            ListenerNames(listener.tls).issues(key: "listeners[\(index)].tls", file: file)
        }
        return hidden + hostIssues(configuration, file: file)
    }

    private static func hostIssues(_ configuration: GatewayConfiguration, file: String) -> [ConfigurationIssue] {
        guard let host = try? HTTPAddress(configuration.publicURL).network.host.lowercased() else { return [] }
        let leaves = configuration.listeners.flatMap(\.tls.certificates).compactMap {
            try? CertificateChain(file: $0.chain).leaf
        }
        guard !leaves.isEmpty, !leaves.contains(where: { $0.isFor(host) }) else { return [] }
        return [
            ConfigurationIssue(
                severity: .warning,
                file: file,
                line: nil,
                column: nil,
                key: "public_url",
                message: "no certificate is for \(host.quoted): the provider will refuse the connection",
                remedy: leaves.compactMap { $0.whyNot(for: host) }.joined(separator: "; ").escaped
            )
        ]
    }

    init(_ outcome: CertificateChecks.Outcome) {
        var facts: [String] = []
        for (index, certificate) in (outcome.chain?.certificates ?? []).enumerated() {
            facts += CertificateReport.facts(certificate, isLeaf: index == 0)
        }
        if let key = outcome.key { facts.append("private key: \(key.kind)") }
        for finding in outcome.findings where finding.severity == .note {
            facts.append("note: \(finding.message.escaped)")
        }
        self.facts = facts
        findings = outcome.findings.filter { $0.severity != .note }
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
        if isLeaf, let pin = try? certificate.publicKeyPin() {
            let bytes = pin.bytes
            facts.append("  pin: sha256//\(Data(bytes.indices.map { bytes[$0] }).base64EncodedString())")
        }
        return facts
    }
}
