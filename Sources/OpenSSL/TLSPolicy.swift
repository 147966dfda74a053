/// What is offered and taken in a handshake.
///
/// Suites follow Mozilla's "intermediate" recommendation (version 5.7) without finite-field Diffie-Hellman, which only
/// clients older than TLS 1.2 support would miss. The system's security level stays in force on top of it.
package struct TLSPolicy: Sendable, Equatable {
    /// A version of the protocol.
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// Nothing older is spoken.
    package var minimumVersion: Version
    /// Nothing newer is spoken; for tests and tools.
    package var maximumVersion: Version
    /// ALPN protocols (RFC 7301), best first.
    ///
    /// A client that offers others only is refused. Empty: ALPN is not spoken.
    package var applicationProtocols: [String]

    package init(
        minimumVersion: Version = .tls12,
        maximumVersion: Version = .tls13,
        applicationProtocols: [String] = TLSPolicy.protocols(http2: false)
    ) {
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.applicationProtocols = applicationProtocols
    }

    /// What a server of HTTP speaks (RFC 9113, section 3.1).
    ///
    /// - Parameter http2: whether HTTP/2 is offered, which then comes first.
    /// - Returns: ALPN protocols, best first.
    package static func protocols(http2: Bool) -> [String] {
        (http2 ? ["h2"] : []) + ["http/1.1", "http/1.0"]
    }

    /// TLS 1.2 suites, ciphers(1): forward secrecy and authenticated encryption only.
    static let tls12Suites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")

    /// TLS 1.3 suites.
    ///
    /// AES-128 leads: it is strong enough and the cheapest where the processor knows AES; a client without AES asks for
    /// ChaCha20 first and then gets it.
    static let tls13Suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

    /// Key exchange groups, best first.
    ///
    /// Every further one costs a client that guesses wrong a round trip.
    static let groups = "X25519:P-256:P-384"

    /// How long a ticket resumes a session, in seconds.
    static let ticketLifetime = 3600
}
