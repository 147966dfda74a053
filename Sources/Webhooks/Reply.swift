package import NIOCore

/// What the sender gets.
///
/// Framing (`Content-Length`, `Connection`, `Date`) is the edge's business, not in here.
package struct Reply: Sendable {
    /// The HTTP status code.
    package var status: Int
    /// Why, when the request was not accepted.
    package var reason: ReasonCode?
    /// The value of `Content-Type`; nil when there is no content.
    package var contentType: StaticString?
    /// Further header fields, whose values come from configuration and code, never from a request.
    package var headers: [(name: StaticString, value: String)]
    /// The content, sent with its exact length and without any coding.
    package var body: ByteBuffer
    /// True when the connection has to end after this reply.
    package var closes: Bool
    /// Where in the content the id of the request belongs; nil: nowhere.
    package var requestPlace: Int?
    /// The field to blame, where one is: as it was sent, unescaped.
    package var field: String?

    package init(
        status: Int,
        reason: ReasonCode? = nil,
        contentType: StaticString? = nil,
        headers: [(name: StaticString, value: String)] = [],
        body: ByteBuffer = ByteBuffer(),
        closes: Bool = false
    ) {
        self.status = status
        self.reason = reason
        self.contentType = contentType
        self.headers = headers
        self.body = body
        self.closes = closes
    }

    /// The content for this request.
    package func content(for request: RequestID) -> ByteBuffer {
        guard let requestPlace else { return body }
        var content = body
        content.setSpan(request.characters.span, at: content.readerIndex + requestPlace)
        return content
    }
}
