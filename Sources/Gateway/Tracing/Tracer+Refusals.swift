import Edge
import Webhooks

extension Tracer {
    /// With so many spans kept, those of requests that their head condemned are not: strangers do not crowd out the others.
    static let mostBeforeRefusals = mostKept / 2

    /// A request that its head alone condemned.
    ///
    /// Nobody was let in, so a sender's `traceparent` only says where the span belongs, or that nobody looks. A challenge is
    /// no error: sipgate posts without credentials first.
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
        recordRefusal(
            Span(
                context: parent?.child ?? .root(isSampled: true),
                parent: parent?.span,
                name: [method == "other" ? "HTTP" : method, path].compactMap(\.self).joined(separator: " "),
                kind: .server,
                start: head.arrival.milliseconds * 1_000_000,
                end: Span.now(),
                attributes: attributes,
                error: reply.reason == .credentialsMissing ? nil : reply.reason?.rawValue,
                isFailed: reply.status >= 500
            )
        )
    }
}
