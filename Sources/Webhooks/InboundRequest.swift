package import NIOCore

/// The head of a request, known before its body: enough to route it, and to refuse it without reading on.
///
/// Immutable, and handed on from phase to phase as a reference.
package final class RequestHead: Sendable {
    /// Its identity, which we gave it.
    package let id: RequestID
    /// The method, case-sensitive (RFC 9110, section 9.1).
    package let method: String
    /// The request target as received; never normalised (RFC 9112, section 3.2).
    package let target: String
    /// The header section.
    package let headers: HeaderFields
    /// The peer of the connection, or the client that a listed proxy has named for this request.
    package let client: ClientAddress
    /// What the connection is below HTTP.
    package let connection: ConnectionOrigin
    /// The certificate that the peer has shown, verified; nil: none.
    package let certificate: ClientCertificate?
    /// When the first byte of the request arrived.
    package let arrival: Timestamp

    package init(
        id: RequestID,
        method: String,
        target: String,
        headers: HeaderFields,
        client: ClientAddress,
        connection: ConnectionOrigin,
        certificate: ClientCertificate? = nil,
        arrival: Timestamp
    ) {
        self.id = id
        self.method = method
        self.target = target
        self.headers = headers
        self.client = client
        self.connection = connection
        self.certificate = certificate
        self.arrival = arrival
    }
}

/// A whole request, bounded in size and time, whose framing has been removed.
package struct InboundRequest: Sendable {
    /// The head, as it was screened.
    package let head: RequestHead
    /// The content after transfer coding was removed, within the listener's `max_body`.
    package let body: ByteBuffer

    package init(head: RequestHead, body: ByteBuffer) {
        self.head = head
        self.body = body
    }
}
