import Auth
import OpenSSL
import TLS

/// Loads what a listener serves: chain, key and policy as one context.
enum ServerCertificate {
    /// Reads the files of a listener.
    ///
    /// - Throws: `CredentialError`, which names the file and OpenSSL's reason.
    static func load(_ configuration: TLSListenerConfiguration) throws(CredentialError) -> CertificateStore {
        // The configuration was checked: there is exactly one pair, and the version is one of the two.
        let files = configuration.certificates[0]
        let version = TLSPolicy.Version(rawValue: configuration.minimumVersion) ?? .tls12
        let context = try TLSContext.server(
            chain: CertificateChain(file: files.chain),
            key: PrivateKey(file: files.key, passPhrase: files.passPhrase?.exposed),
            policy: TLSPolicy(minimumVersion: version)
        )
        return CertificateStore(context)
    }
}
