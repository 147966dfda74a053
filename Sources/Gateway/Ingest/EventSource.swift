import Webhooks

/// What all events that a request brings have in common below their data.
struct EventSource {
    /// The trace that it belongs to.
    let context: TraceContext?
    /// The certificate that was shown with it.
    let client: ClientCertificate?
    /// The request itself.
    let origin: RequestOrigin

    /// - Parameters:
    ///   - head: the request.
    ///   - proof: why it was let in.
    ///   - trace: the span of the request, where it is traced.
    init(_ head: RequestHead, by proof: RequestOrigin.Proof, _ trace: Tracer.Request?) {
        context = trace.map { $0.handedOn(head.headers) } ?? TraceContext.of(head.headers)
        client = head.certificate
        origin = RequestOrigin(
            id: head.id,
            client: head.client.description,
            connection: head.connection,
            proof: proof
        )
    }
}
