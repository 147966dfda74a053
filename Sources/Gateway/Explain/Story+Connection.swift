import Webhooks

/// Whose certificates a listener serves, by the first digits of their fingerprints: for telling them by name.
struct ServedNames: Sendable {
    /// Subjects.
    var subjects: [String: String] = [:]
    /// The paths of routes.
    var routes: [String] = []

    /// The subject, where it is known, and the digits.
    func words(_ digits: String) -> String {
        subjects[digits].map { "\($0) (\(digits))" } ?? digits
    }
}

extension Story {
    /// The listener, the client, and what the handshake came to.
    mutating func addConnection(
        listener: String,
        client: String,
        _ connection: ConnectionOrigin?,
        certificate: ClientCertificate?,
        _ names: ServedNames
    ) {
        add(.note, "listener", listener)
        add(.note, "client", client)
        guard let connection, let handshake = connection.handshake else { return }
        let how = handshake.isResumed ? "a session resumed" : "a full handshake"
        let http = connection.http.map { ", HTTP/\($0)" } ?? ""
        let served = handshake.certificate.map { "certificate served: \(names.words($0))" }
        add(.passed, "TLS", "\(handshake.version), \(handshake.suite), \(how)\(http)", served.map { [$0] } ?? [])
        if let certificate {
            add(.passed, "client's certificate", "\(certificate.subject) (\(certificate.fingerprint.prefix(16)))")
        }
    }
}
