extension EdgeCounts.HandshakeFailure {
    /// What is wrong and what to do instead, in a sentence each; fixed text.
    package var wording: (title: StaticString, remedy: StaticString) {
        switch self {
        case .failed:
            (
                "The handshake failed: client and listener did not agree, or one did not like the other's certificate.",
                "OpenSSL's words say on what; compare versions, suites and certificates of both sides."
            )
        case .timedOut:
            (
                "The handshake did not end within `handshake_timeout`.",
                "Look for loss on the way, or for a client that connects ahead and says nothing."
            )
        case .left:
            (
                "The client went away before the handshake ended.",
                "Nothing: health checks and port scans do that. A sender that does it distrusts our certificate: see `hookgate cert check`."
            )
        case .plainHTTP:
            ("The client spoke plain HTTP.", "Use https:// in its address.")
        }
    }
}

extension EdgeCounts.ConnectionRefusal {
    /// What is wrong and what to do instead, in a sentence each; fixed text.
    package var wording: (title: StaticString, remedy: StaticString) {
        switch self {
        case .denied:
            (
                "The address of the client may not connect here.",
                "Add it to `allow` of the listener, or remove it from `deny`, if it should."
            )
        case .tooManyOpen:
            (
                "The client had as many connections open as one address may.",
                "Have it keep fewer, or raise `max_connections_per_address`."
            )
        case .tooFast:
            (
                "The client connected more often in a second than one address may.",
                "Have it keep its connections open, or raise `max_handshakes_per_address`."
            )
        }
    }
}
