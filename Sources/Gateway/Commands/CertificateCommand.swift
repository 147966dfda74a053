import OpenSSL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `hookgate cert`: certificates for development, and a look at any certificate.
package enum CertificateCommand {
    /// The files that `generate` makes, each with who may read it.
    private static let files = (chain: "server.pem", key: "server.key", authority: "ca.pem")

    /// Makes a server certificate, its key and the authority that signed it.
    ///
    /// The authority's own key is thrown away. Files that exist are kept unless `replaces`.
    ///
    /// - Parameters:
    ///   - names: DNS names and IP addresses of the server, at least one.
    ///   - days: how long it is valid.
    ///   - folder: where the files go; made if need be.
    ///   - replaces: whether existing files are replaced.
    /// - Returns: what was made, or why nothing was.
    package static func generate(names: [String], days: Int, folder: String, replaces: Bool) -> CommandResult {
        let made: CertificateBuilder.Development
        do {
            made = try CertificateBuilder.development(names: names, days: days)
        } catch {
            return CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
        }
        let contents = [
            (name: files.key, text: made.keyPEM, mode: mode_t(0o600)),
            (name: files.chain, text: made.chainPEM, mode: mode_t(0o644)),
            (name: files.authority, text: made.authorityPEM, mode: mode_t(0o644)),
        ]
        let existing = contents.map { "\(folder)/\($0.name)" }.filter(NewFile.exists)
        guard existing.isEmpty || replaces else {
            let list = existing.map(\.escaped).joined(separator: ", ")
            return CommandResult(.failed, errors: "hookgate: \(list) already there; --force replaces them\n")
        }
        do {
            try NewFile.makeFolder(folder)
            for content in contents {
                try NewFile.write(content.text, to: "\(folder)/\(content.name)", mode: content.mode, replaces: replaces)
            }
        } catch {
            return CommandResult(.failed, errors: "hookgate: \(error.reason.escaped)\n")
        }
        let folder = folder.escaped
        let text = """
            \(folder)/\(files.chain)  certificate for \(names.joined(separator: ", ").escaped), \(days) days
            \(folder)/\(files.key)  its private key, readable by you alone
            \(folder)/\(files.authority)      what a client has to trust: curl --cacert \(folder)/\(files.authority) …

            For development only: a provider does not trust it.

            """
        return CommandResult(.done, output: text)
    }

    /// Shows what is in a chain, and whether it and its key are good.
    ///
    /// - Parameters:
    ///   - file: PEM, the leaf first.
    ///   - key: the private key, to see whether it belongs to the leaf.
    ///   - passPhraseFile: holds the pass phrase of the key.
    /// - Returns: the facts, and 1 if something is wrong.
    package static func inspect(file: String, key: String?, passPhraseFile: String?) -> CommandResult {
        var passPhrase: String?
        if let passPhraseFile {
            do {
                passPhrase = try LocalFile.readSecret(passPhraseFile)
            } catch {
                return CommandResult(.failed, errors: "hookgate: \(passPhraseFile.escaped): \(error.reason)\n")
            }
        }
        let outcome =
            if let key {
                CertificateChecks.run(chainFile: file, keyFile: key, passPhrase: passPhrase)
            } else {
                CertificateChecks.run(chainFile: file)
            }
        let report = CertificateReport(outcome)
        return CommandResult(
            report.hasErrors ? .failed : .done,
            output: report.facts.map { $0 + "\n" }.joined() + (outcome.chain.map(CertificateCommand.block) ?? ""),
            errors: report.findings.map { "\($0)".escaped + "\n" }.joined()
        )
    }

    /// The server's certificate as a provider wants it that compares certificates.
    static func block(_ chain: CertificateChain) -> String {
        "\nfor a provider that pins the certificate (SHA-256 \(chain.leaf.fingerprint)):\n\n\(chain.leaf.pem)"
    }
}
