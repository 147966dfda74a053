import NIOCore
import Webhooks

/// The request to a destination, rendered but for the event: one buffer a request, and no header is built twice.
struct RequestTemplate {
    private let format: Destination.Format
    private let head: ByteBuffer

    init(_ destination: Destination) {
        format = destination.format
        var head = ByteBuffer()
        head.writeString("POST \(destination.target) HTTP/1.1\r\n")
        head.writeString("Host: \(RequestTemplate.authority(destination))\r\n")
        head.writeStaticString("User-Agent: hookgate\r\n")
        switch destination.format {
        case .cloudevents: head.writeStaticString("Content-Type: application/cloudevents+json; charset=utf-8\r\n")
        case .cloudeventsBinary, .data: head.writeStaticString("Content-Type: application/json\r\n")
        }
        self.head = head
    }

    /// Host and port as `Host` has them (RFC 9110, section 7.2): IPv6 in brackets, no port when it is the scheme's.
    private static func authority(_ destination: Destination) -> String {
        let host = destination.host.contains(":") ? "[\(destination.host)]" : destination.host
        return destination.port == 80 ? host : "\(host):\(destination.port)"
    }

    /// The bytes of the request that carries an event.
    func render(_ event: Event) -> ByteBuffer {
        let data = event.draft.data
        var content = ByteBuffer()
        var length = data.readableBytes
        if format == .cloudevents {
            content.writeCloudEvent(event)
            length = content.readableBytes
        }
        var request = ByteBuffer()
        request.reserveCapacity(head.readableBytes + length + 512)
        request.writeImmutableBuffer(head)
        request.writeStaticString("webhook-id: ")
        request.writeEventID(event.id)
        request.writeStaticString("\r\n")
        if format == .cloudeventsBinary { request.writeCloudEventFields(event) }
        request.writeStaticString("Content-Length: ")
        request.writeString(String(length))
        request.writeStaticString("\r\n\r\n")
        request.writeImmutableBuffer(format == .cloudevents ? content : data)
        return request
    }
}
