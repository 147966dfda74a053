import Logging
import NIOCore
import NIOPosix
import OpenSSL
import ServiceLifecycle

/// Sees to it that renewed certificates are served, and tells in time of those that are not renewed.
///
/// Looks at the files instead of asking the kernel to tell: that sees renames, exchanged links and network disks alike.
struct CertificateWatch: Service, CustomStringConvertible {
    /// How often the files are looked at; one that is being written is read a look later.
    private static let interval = Duration.seconds(1)

    let description = "certificate watch"
    let certificates: [ServedCertificates]
    /// Is run for every notice; nil: the log has to do.
    let command: NoticeCommand?
    /// Where files are read.
    let pool: NIOThreadPool
    let logger: Logger

    func run() async throws {
        // Only the end of the gateway ends this, and that is no failure.
        try? await cancelWhenGracefulShutdown {
            var expiries = ExpiryNotices()
            while true {
                for certificates in certificates {
                    var notices = expiries.look(at: certificates, now: .now, logger)
                    if let change = try? await refresh(certificates) {
                        notices += report(change, certificates)
                    }
                    tell(notices)
                }
                try await Task.sleep(for: CertificateWatch.interval)
            }
        }
    }

    /// Runs the command in the background: nothing waits for it.
    private func tell(_ notices: [CertificateNotice]) {
        guard let command, !notices.isEmpty else { return }
        Task { for notice in notices { await command.run(notice) } }
    }

    /// Reads everything again, changed or not, for a configuration; nobody gets it yet.
    ///
    /// - Parameter configurations: What each of the certificates is to serve with, in their order.
    /// - Returns: what `adopt` serves.
    /// - Throws: `ReloadRefusal`, also when only one of them cannot be served.
    func prepare(
        _ configurations: [TLSListenerConfiguration]
    ) async throws(ReloadRefusal) -> [ServedCertificates.Prepared] {
        var prepared: [ServedCertificates.Prepared] = []
        var reasons: [ReloadRefusal.Reason] = []
        for (certificates, configuration) in zip(certificates, configurations) {
            do {
                prepared.append(try await pool.runIfActive { try certificates.prepare(configuration) })
            } catch {
                tell(report(.refused("\(error)"), certificates))
                reasons.append(.init(key: "", problem: "the certificates of \(certificates.listener): \(error)"))
            }
        }
        guard reasons.isEmpty else { throw ReloadRefusal(reasons: reasons) }
        return prepared
    }

    /// Serves it from now on.
    func adopt(_ prepared: [ServedCertificates.Prepared]) {
        for (certificates, prepared) in zip(certificates, prepared) {
            let change = certificates.adopt(prepared)
            tell(report(change, certificates))
            guard case .none = change else { continue }
            logger.notice(
                "certificates reloaded, the same as before",
                metadata: ["listener": "\(certificates.listener)"]
            )
        }
    }

    private func refresh(_ certificates: ServedCertificates) async throws -> ServedCertificates.Change {
        try await pool.runIfActive { certificates.refresh() }
    }

    private func report(
        _ change: ServedCertificates.Change,
        _ certificates: ServedCertificates
    ) -> [CertificateNotice] {
        switch change {
        case .none:
            return []
        case .refused(let reason):
            logger.error(
                "the changed certificate cannot be served, the old one goes on",
                metadata: ["listener": "\(certificates.listener)", "reason": "\(reason)"]
            )
            return [CertificateNotice(kind: .refused, listener: certificates.listener, reason: reason)]
        case .replaced(let old, let new):
            // A provider that compares fingerprints has to be told of the new one.
            let fresh = new.filter { certificate in !old.contains { $0.fingerprint == certificate.fingerprint } }
            for certificate in fresh {
                let before = old.first { $0.subject == certificate.subject } ?? old.first
                logger.notice(
                    "another certificate is served from now on",
                    metadata: [
                        "listener": "\(certificates.listener)",
                        "subject": "\(certificate.subject)",
                        "not_after": "\(certificate.notAfter)",
                        "sha256": "\(certificate.fingerprint)",
                        "sha256_before": "\(before.map { "\($0.fingerprint)" } ?? "-")",
                        "help": "paste it at the provider if the old one was pinned there: hookgate cert inspect",
                    ]
                )
            }
            return fresh.map {
                CertificateNotice(kind: .replaced, listener: certificates.listener, certificate: $0)
            }
        }
    }
}

/// Tells once at each of a few thresholds that a certificate ends.
struct ExpiryNotices {
    /// Days that are left, most first.
    static let thresholds = [30, 14, 7, 3, 1, 0]

    /// The last threshold that was told, by fingerprint.
    private var told: [Digest: Int] = [:]

    /// The threshold that is due to be told; nil when none is.
    ///
    /// - Parameters:
    ///   - certificate: The certificate.
    ///   - now: What its end is compared with.
    /// - Returns: 30, 14, 7, 3, 1 or 0 days.
    mutating func due(_ certificate: Certificate, now: CertificateTime) -> Int? {
        let left = now.days(until: certificate.notAfter)
        guard let threshold = ExpiryNotices.thresholds.last(where: { left <= $0 }) else {
            told[certificate.fingerprint] = nil
            return nil
        }
        guard told[certificate.fingerprint].map({ threshold < $0 }) ?? true else { return nil }
        told[certificate.fingerprint] = threshold
        return threshold
    }

    /// Logs what is due.
    ///
    /// - Returns: the same as notices.
    fileprivate mutating func look(
        at certificates: ServedCertificates,
        now: CertificateTime,
        _ logger: Logger
    ) -> [CertificateNotice] {
        var notices: [CertificateNotice] = []
        for certificate in certificates.leaves where due(certificate, now: now) != nil {
            let left = now.days(until: certificate.notAfter)
            let hasEnded = certificate.notAfter < now
            logger.log(
                level: hasEnded || left <= 3 ? .error : .warning,
                hasEnded ? "a certificate has ended: clients refuse it" : "a certificate ends soon",
                metadata: [
                    "listener": "\(certificates.listener)",
                    "subject": "\(certificate.subject)",
                    "days_left": "\(left)",
                    "not_after": "\(certificate.notAfter)",
                ]
            )
            notices.append(
                CertificateNotice(
                    kind: hasEnded ? .expired : .expiring,
                    listener: certificates.listener,
                    certificate: certificate,
                    daysLeft: left
                )
            )
        }
        return notices
    }
}
