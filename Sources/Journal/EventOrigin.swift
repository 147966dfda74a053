import Webhooks

/// The column `traceparent` of an event: where its push came from, below what it says itself.
///
/// The trace, then, behind a line break, the client's certificate: `FINGERPRINT SUBJECT`. Neither holds a line break,
/// and nearly all events have at most the first.
struct EventOrigin {
    let traceParent: String?
    let client: ClientCertificate?

    init(_ event: Event) {
        traceParent = event.traceParent
        client = event.client
    }

    /// Reads the column; nil is NULL.
    init(_ text: String?) {
        let lines = (text ?? "").split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        traceParent = lines.first.flatMap { $0.isEmpty ? nil : String($0) }
        client = lines.count == 2 ? ClientCertificate(line: String(lines[1])) : nil
    }

    /// What the column holds; nil is NULL.
    var text: String? {
        guard let client else { return traceParent }
        return "\(traceParent ?? "")\n\(client.line)"
    }
}
