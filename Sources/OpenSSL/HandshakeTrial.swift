internal import NIOCore

/// A handshake in memory, before anybody else has to make it.
///
/// What OpenSSL takes one by one may still fail together: a key in a provider that cannot sign, a policy that leaves no
/// suite for the kind of certificate.
package enum HandshakeTrial {
    /// Shakes hands with a server's context, as a client of every version that the server speaks.
    ///
    /// - Parameters:
    ///   - server: Of a listener.
    ///   - name: What the client asks for; nil: nobody in particular.
    ///   - policy: The server's.
    /// - Throws: what OpenSSL says, under the name of the server's certificate.
    package static func run(_ server: TLSContext, name: String?, policy: TLSPolicy) throws(CredentialError) {
        for version in TLSPolicy.Version.allCases where version.rawValue >= server.minimumVersion.rawValue {
            var policy = policy
            policy.minimumVersion = version
            policy.maximumVersion = version
            let client = try TLSContext.client(trust: .anybody, policy: policy)
            do throws(OpenSSLError) {
                try shakeHands(server, client, name)
            } catch {
                throw .refused("a trial handshake (TLS \(version.rawValue), \(name ?? "without a name"))", error)
            }
        }
    }

    private static func shakeHands(
        _ server: TLSContext,
        _ client: TLSContext,
        _ name: String?
    ) throws(OpenSSLError) {
        var ours = try TLSSession(context: server)
        var theirs = try TLSSession(context: client, serverName: name)
        // Each turn moves both on; TLS 1.2 takes four.
        for _ in 0..<8 {
            let first = theirs.handshake()
            if let bytes = theirs.takeCiphertext() { ours.receive(bytes) }
            let second = ours.handshake()
            if let bytes = ours.takeCiphertext() { theirs.receive(bytes) }
            // The server knows the better reason.
            for step in [second, first] {
                if case .failed(let reasons) = step { throw reasons.first ?? .unexplained("SSL_do_handshake") }
            }
            if first == .done, second == .done { return }
        }
        throw .unexplained("SSL_do_handshake")
    }
}
