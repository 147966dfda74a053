import Edge
import Webhooks

extension Tracer {
    /// What requests that were refused by their head alone may take of the queue: strangers do not crowd out the others.
    private static let mostRefusals = mostWaiting / 2

    /// A request that its head alone condemned.
    ///
    /// Nobody was let in, so a sender's `traceparent` only says where the span belongs, or that nobody looks.
    ///
    /// - Parameters:
    ///   - reply: why.
    ///   - head: the request.
    ///   - path: of the route that was meant; nil: none was, and what was asked for may hold anything.
    func refused(_ reply: Reply, _ head: RequestHead, path: String?) {
        let parent = TraceParent.of(head.headers).flatMap(SpanContext.init)
        guard parent?.isSampled ?? true, isDrawn else { return }
        let method = EdgeLog.word(head.method)
        var attributes: [(name: String, value: Span.Value)] = [
            ("http.request.method", .text(method == "other" ? "_OTHER" : method)), ("url.scheme", .text("https")),
            ("http.response.status_code", .number(reply.status)), ("hookgate.request", .text("\(head.id)")),
        ]
        if let path { attributes.append(("url.path", .text(path))) }
        record(
            Span(
                context: parent?.child ?? .root(isSampled: true),
                parent: parent?.span,
                name: [method == "other" ? "HTTP" : method, path].compactMap(\.self).joined(separator: " "),
                kind: .server,
                start: head.arrival.milliseconds * 1_000_000,
                end: Span.now(),
                attributes: attributes,
                error: reply.reason?.rawValue
            ),
            behind: Tracer.mostRefusals
        )
    }
}
