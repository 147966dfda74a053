import Webhooks

/// The column `traceparent` of an event: where its push came from, below what it says itself.
///
/// The trace, `traceparent` and `tracestate`; behind a line break the client's certificate, `FINGERPRINT SUBJECT`; behind
/// another the request, as `RequestOrigin` has it. What is absent in front of something else is an empty line. None of
/// them holds a line break.
struct EventOrigin {
    let trace: TraceContext?
    let client: ClientCertificate?
    /// The line of the request.
    private let request: Substring?

    /// Reads the column; nil is NULL.
    init(_ text: String?) {
        let lines = (text ?? "").split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        trace = lines.first.flatMap { $0.isEmpty ? nil : TraceContext(text: String($0)) }
        client = lines.count > 1 && !lines[1].isEmpty ? ClientCertificate(line: String(lines[1])) : nil
        request = lines.count > 2 ? lines[2] : nil
    }

    /// The request that brought the event, which only operators ask for; nil when nothing is kept of it.
    var origin: RequestOrigin? { request.flatMap(RequestOrigin.init(line:)) }

    /// Writes what the column holds; nothing is NULL.
    static func write(_ event: Event, to column: inout [UInt8]) {
        if let trace = event.trace { column.append(contentsOf: trace.text.utf8) }
        guard event.client != nil || event.origin != nil else { return }
        column.append(UInt8(ascii: "\n"))
        if let client = event.client { column.append(contentsOf: client.line.utf8) }
        guard let origin = event.origin else { return }
        column.append(UInt8(ascii: "\n"))
        origin.write(to: &column)
    }
}
