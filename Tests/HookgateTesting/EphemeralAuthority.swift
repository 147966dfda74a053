package import OpenSSL

/// A certificate authority that lives as long as a test, with an intermediate below it if wanted.
package struct EphemeralAuthority: Sendable {
    /// The self-signed root.
    package let root: CertificateBuilder.Issued
    /// Signs the leaves, and is signed by the root; nil: the root signs them itself.
    package let intermediate: CertificateBuilder.Issued?

    /// A new authority.
    ///
    /// - Parameters:
    ///   - hasIntermediate: Whether leaves are signed by an intermediate.
    ///   - keyKind: The kind of the authorities' keys.
    /// - Throws: what OpenSSL says.
    package init(hasIntermediate: Bool = false, keyKind: PrivateKey.NewKind = .p256) throws {
        root = try EphemeralAuthority.builder("Test root", keyKind).selfSigned()
        intermediate =
            hasIntermediate ? try EphemeralAuthority.builder("Test intermediate", keyKind).signed(by: root) : nil
    }

    /// A server's certificate and key.
    ///
    /// - Parameters:
    ///   - names: DNS names and IP addresses.
    ///   - adjusting: Changes dates, key kind and the like.
    /// - Returns: What a server serves with.
    /// - Throws: what OpenSSL says.
    package func server(
        names: [String] = ["localhost", "127.0.0.1", "::1"],
        adjusting: (inout CertificateBuilder) -> Void = { _ in }
    ) throws -> ServerIdentity {
        var builder = CertificateBuilder(commonName: names.first ?? "server")
        builder.names = names
        adjusting(&builder)
        let issued = try builder.signed(by: intermediate ?? root)
        let chain = issued.certificate.pem + (intermediate?.certificate.pem ?? "")
        return ServerIdentity(
            chainPEM: chain,
            key: issued.key,
            certificate: issued.certificate,
            trustedPEM: root.certificate.pem
        )
    }

    private static func builder(_ name: String, _ keyKind: PrivateKey.NewKind) -> CertificateBuilder {
        var builder = CertificateBuilder(commonName: name)
        builder.purpose = .authority
        builder.keyKind = keyKind
        return builder
    }
}

/// What a test server serves with and a test client trusts.
package struct ServerIdentity: Sendable {
    /// The leaf and the intermediate, if there is one.
    package let chainPEM: String
    /// The leaf's key.
    package let key: PrivateKey
    /// The leaf.
    package let certificate: Certificate
    /// The root, for clients.
    package let trustedPEM: String

    /// A self-signed server certificate, which is its own root.
    ///
    /// - Throws: what OpenSSL says.
    package static func selfSigned(
        names: [String] = ["localhost", "127.0.0.1", "::1"],
        adjusting: (inout CertificateBuilder) -> Void = { _ in }
    ) throws -> ServerIdentity {
        var builder = CertificateBuilder(commonName: names.first ?? "server")
        builder.names = names
        adjusting(&builder)
        let issued = try builder.selfSigned()
        let pem = issued.certificate.pem
        return ServerIdentity(chainPEM: pem, key: issued.key, certificate: issued.certificate, trustedPEM: pem)
    }

    /// The context of a server with this identity.
    ///
    /// - Throws: what OpenSSL says.
    package func serverContext(policy: TLSPolicy = TLSPolicy()) throws -> TLSContext {
        try .server(chain: CertificateChain(pem: chainPEM, name: "test chain"), key: key, policy: policy)
    }

    /// The context of a client that trusts the root of this identity and nothing else.
    ///
    /// - Throws: what OpenSSL says.
    package func clientContext(policy: TLSPolicy = TLSPolicy()) throws -> TLSContext {
        try .client(trust: .pem(trustedPEM), policy: policy)
    }

    /// Writes chain, key and root into a new directory.
    ///
    /// - Throws: what the system says.
    package func write(into directory: TemporaryDirectory) throws -> Files {
        try Files(
            chain: directory.write(chainPEM, to: "chain.pem"),
            key: directory.write(key.pem(), to: "key.pem", mode: 0o600),
            trusted: directory.write(trustedPEM, to: "ca.pem")
        )
    }

    /// Where the PEM files are.
    package struct Files: Sendable {
        /// The leaf and the intermediate.
        package let chain: String
        /// The key.
        package let key: String
        /// The root.
        package let trusted: String
    }
}
