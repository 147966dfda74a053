internal import COpenSSL

/// Which context a client gets that says whom it wants (server_name, RFC 6066 section 3).
///
/// A class, so that a C callback can point at it.
final class ServerNames: Sendable {
    /// By name, lower case.
    private let exact: [String: TLSContext]
    /// By what follows the asterisk and its dot.
    private let wildcards: [String: TLSContext]
    /// Whether a name that nobody has ends the handshake.
    private let refusesOthers: Bool

    /// - Parameters:
    ///   - contexts: By the names of their certificates, lower case, `*.example.org` among them.
    ///   - refusesOthers: Whether a client that wants somebody else is told so (unrecognized_name).
    init(_ contexts: [String: TLSContext], refusesOthers: Bool) {
        exact = contexts.filter { !$0.key.hasPrefix("*.") }
        wildcards = Dictionary(
            contexts.filter { $0.key.hasPrefix("*.") }.map { (String($0.key.dropFirst(2)), $0.value) }
        ) { first, _ in first }
        self.refusesOthers = refusesOthers
    }

    /// Of all certificates that are served here.
    var fingerprints: [OpaquePointer: String] {
        (Array(exact.values) + wildcards.values).reduce(into: [:]) { all, context in
            all.merge(context.fingerprints) { first, _ in first }
        }
    }

    /// The context of a name; the asterisk stands for one label (RFC 6125, section 6.4.3).
    func context(for name: String) -> TLSContext? {
        let name = name.lowercased()
        let asked = name.hasSuffix(".") ? name.dropLast() : name[...]
        if let context = exact[String(asked)] { return context }
        guard let dot = asked.firstIndex(of: "."), dot != asked.startIndex else { return nil }
        return wildcards[String(asked[asked.index(after: dot)...])]
    }

    /// Makes a server context choose among these.
    ///
    /// The context must not outlive them.
    func install(in context: OpaquePointer) {
        COpenSSL_SSL_CTX_set_tlsext_servername_callback(
            context,
            chooseContext,
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    fileprivate func choose(_ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<CInt>?) -> CInt {
        // Clients without the extension exist; they get the default.
        guard let asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return SSL_TLSEXT_ERR_OK }
        guard let context = context(for: String(cString: asked)) else {
            guard refusesOthers else { return SSL_TLSEXT_ERR_OK }
            alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }
        context.withPointer { _ = SSL_set_SSL_CTX(ssl, $0) }
        return SSL_TLSEXT_ERR_OK
    }
}

private func chooseContext(
    _ ssl: OpaquePointer?,
    _ alert: UnsafeMutablePointer<CInt>?,
    _ argument: UnsafeMutableRawPointer?
) -> CInt {
    guard let argument else { return SSL_TLSEXT_ERR_OK }
    return Unmanaged<ServerNames>.fromOpaque(argument).takeUnretainedValue().choose(ssl, alert)
}
