internal import COpenSSL

/// What the system's OpenSSL configuration (config(5)) demands of every program: it holds beside our own policy.
package struct SystemPolicy: Sendable, Equatable {
    /// Where it stands; the environment's `OPENSSL_CONF` names another file.
    package let file: String
    /// What keys and signatures have to be worth, SSL_CTX_set_security_level(3): 0 to 5.
    package let securityLevel: Int
    /// The oldest version of TLS, where that is newer than what we would take.
    package let minimumVersion: TLSPolicy.Version?
    /// Whether only algorithms of a FIPS provider are used, fips_module(7).
    package let isFIPS: Bool

    /// As this process found it.
    ///
    /// - Throws: what OpenSSL says, should its configuration be unusable.
    package static func current() throws(OpenSSLError) -> SystemPolicy {
        ErrorQueue.clear()
        guard let context = Owned(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) else {
            throw ErrorQueue.cause(of: "SSL_CTX_new")
        }
        let name = CONF_get1_default_config_file()
        defer { CRYPTO_free(name, #file, #line) }
        return SystemPolicy(
            file: name.map { String(cString: $0) } ?? "none",
            securityLevel: Int(SSL_CTX_get_security_level(context.pointer)),
            minimumVersion: isStricter(context.pointer) ? .tls13 : nil,
            isFIPS: EVP_default_properties_is_fips_enabled(nil) == 1
        )
    }

    /// Whether a new context takes TLS 1.3 alone.
    static func isStricter(_ context: OpaquePointer) -> Bool {
        COpenSSL_SSL_CTX_get_min_proto_version(context) >= TLS1_3_VERSION
    }
}
