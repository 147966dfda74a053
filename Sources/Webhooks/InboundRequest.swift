package import NIOCore

/// The head of a request, known before its body: enough to route it, and to refuse it without reading on.
package struct RequestHead: Sendable {
    /// The method, case-sensitive (RFC 9110, section 9.1).
    package var method: String
    /// The request target as received; never normalised (RFC 9112, section 3.2).
    package var target: String
    /// The header section.
    package var headers: HeaderFields
    /// The peer of the connection; forwarded headers are not believed.
    package var client: ClientAddress
    /// When the first byte of the request arrived.
    package var arrival: Timestamp

    package init(
        method: String,
        target: String,
        headers: HeaderFields,
        client: ClientAddress,
        arrival: Timestamp
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.client = client
        self.arrival = arrival
    }
}

/// A whole request, bounded in size and time, whose framing has been removed.
package struct InboundRequest: Sendable {
    /// The head, as it was screened.
    package var head: RequestHead
    /// The content after transfer coding was removed, within the listener's `max_body`.
    package var body: ByteBuffer

    package init(head: RequestHead, body: ByteBuffer) {
        self.head = head
        self.body = body
    }
}
