internal import Glibc

/// Looks over a certificate chain and its key before anything is served with them.
///
/// For start-up, `hookgate check` and `hookgate cert inspect`. Every message names its file.
package enum CertificateChecks {
    /// One thing that was found.
    package struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// How bad it is, mildest first.
        package enum Severity: String, Sendable, CaseIterable {
            /// Worth knowing.
            case note
            /// It serves, and somebody should act.
            case warning
            /// It cannot or must not serve.
            case error
        }

        /// How bad it is.
        package let severity: Severity
        /// What it is, in one line, with the file and the remedy.
        package let message: String

        package init(severity: Severity, message: String) {
            self.severity = severity
            self.message = message
        }

        /// `warning: chain.pem: …`.
        package var description: String { "\(severity.rawValue): \(message)" }
    }

    /// What came of it.
    package struct Outcome: Sendable {
        /// In the order of the file; empty when all is well.
        package internal(set) var findings: [Finding] = []
        /// The chain, when it could be read.
        package internal(set) var chain: CertificateChain?
        /// The key, when it could be read.
        package internal(set) var key: PrivateKey?

        /// Whether it cannot or must not serve.
        package var hasErrors: Bool { findings.contains { $0.severity == .error } }

        mutating func add(_ severity: Finding.Severity, _ message: String) {
            findings.append(Finding(severity: severity, message: message))
        }
    }

    /// Days before the end of a certificate from which on a warning is due: the usual renewal is earlier.
    package static let renewalNotice = 30

    /// Reads and checks a chain with its key.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameters:
    ///   - chainFile: PEM: the server's certificate, then its issuers.
    ///   - keyFile: PEM; may be the same file.
    ///   - passPhrase: For an encrypted key.
    ///   - now: What dates are compared with.
    /// - Returns: What was found, and what could be read.
    package static func run(
        chainFile: String,
        keyFile: String,
        passPhrase: String? = nil,
        now: CertificateTime = .now
    ) -> Outcome {
        var outcome = run(chainFile: chainFile, now: now)
        checkPermissions(of: keyFile, &outcome)
        let key: PrivateKey
        do throws(CredentialError) {
            key = try PrivateKey(file: keyFile, passPhrase: passPhrase)
        } catch {
            outcome.add(.error, error.description)
            return outcome
        }
        outcome.key = key
        if passPhrase != nil && !key.isEncrypted {
            outcome.add(.note, "\(keyFile): a pass phrase is configured, but the key is not encrypted")
        }
        guard let chain = outcome.chain else { return outcome }
        guard key.matches(chain.leaf) else {
            outcome.add(
                .error,
                "\(keyFile): is not the key of the first certificate in \(chainFile)"
                    + " (key: \(key.kind); certificate: \(chain.leaf.publicKey), \(chain.leaf.subject))"
            )
            return outcome
        }
        guard !outcome.hasErrors else { return outcome }
        do throws(CredentialError) {
            // What else OpenSSL has against them, such as a signature with SHA-1, it says by itself.
            _ = try TLSContext.server(chain: chain, key: key)
        } catch {
            outcome.add(.error, error.description)
        }
        return outcome
    }

    /// Reads and checks a chain alone.
    ///
    /// Blocks on the disk.
    ///
    /// - Parameters:
    ///   - chainFile: PEM: the server's certificate, then its issuers.
    ///   - now: What dates are compared with.
    /// - Returns: What was found, and the chain if it could be read.
    package static func run(chainFile: String, now: CertificateTime = .now) -> Outcome {
        var outcome = Outcome()
        do throws(CredentialError) {
            let chain = try CertificateChain(file: chainFile)
            outcome.chain = chain
            check(chain, now: now, &outcome)
        } catch {
            outcome.add(.error, error.description)
        }
        return outcome
    }

    /// Checks a chain that somebody serves.
    ///
    /// - Parameters:
    ///   - chain: The server's certificate, then its issuers.
    ///   - now: What dates are compared with.
    /// - Returns: What was found.
    package static func run(_ chain: CertificateChain, now: CertificateTime = .now) -> Outcome {
        var outcome = Outcome()
        outcome.chain = chain
        check(chain, now: now, &outcome)
        return outcome
    }

    private static func check(_ chain: CertificateChain, now: CertificateTime, _ outcome: inout Outcome) {
        for (index, certificate) in chain.certificates.enumerated() {
            let name = "\(chain.name): certificate \(index + 1) (\(certificate.subject))"
            check(certificate, name, isLeaf: index == 0, now: now, &outcome)
        }
        checkLeaf(of: chain, &outcome)
        checkOrder(of: chain, &outcome)
    }

    private static func checkPermissions(of file: String, _ outcome: inout Outcome) {
        var status = stat()
        guard stat(file, &status) == 0 else { return }
        let mode = status.st_mode & 0o777
        guard mode & 0o066 != 0 else { return }
        let text = String(mode, radix: 8)
        outcome.add(
            .warning,
            "\(file): the private key can be read or changed by others (mode 0\(text)); chmod 600 \(file)"
        )
    }
}
