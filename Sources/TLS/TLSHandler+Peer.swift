package import OpenSSL

extension TLSHandler {
    /// The certificate that the peer has shown; nil before the handshake, and of a peer that showed none.
    package var peerCertificate: Certificate? { peerChain?.leaf }

    /// Whose certificate the peer has shown, RFC 2253 form, and its SHA-256 in hexadecimal.
    package var peer: (subject: String, fingerprint: String)? {
        peerCertificate.map { ($0.subject, $0.fingerprint.description) }
    }
}
