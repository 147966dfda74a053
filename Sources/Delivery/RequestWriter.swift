internal import NIOCore
internal import Webhooks

/// Writes the requests to one destination as bytes, HTTP/1.1 (RFC 9112), each as one buffer.
///
/// What is the same in every request is rendered once. The buffers are kept between requests: when a request has been
/// flushed the next one is written in its place, without an allocation.
struct RequestWriter {
    private let format: Destination.Format
    private let prefix: ByteBuffer
    private var request: ByteBuffer
    private var content: ByteBuffer

    init(_ destination: Destination, allocator: ByteBufferAllocator = ByteBufferAllocator()) {
        format = destination.format
        var prefix = allocator.buffer(capacity: 256)
        prefix.writeStaticString("POST ")
        prefix.writeVisible(destination.target.isEmpty ? "/" : destination.target)
        prefix.writeStaticString(" HTTP/1.1\r\nhost: ")
        // RFC 3986, section 3.2.2: an IPv6 address stands in brackets.
        let isIPv6 = destination.host.utf8.contains(UInt8(ascii: ":")) && !destination.host.hasPrefix("[")
        prefix.writeVisible(isIPv6 ? "[" + destination.host + "]" : destination.host)
        if destination.port != 80 {
            prefix.writeString(":" + String(destination.port))
        }
        prefix.writeStaticString("\r\nuser-agent: hookgate\r\n")
        switch format {
        case .cloudevents:
            prefix.writeStaticString("content-type: application/cloudevents+json; charset=utf-8\r\n")
        case .cloudeventsBinary:
            break  // content-type is one of the attributes
        case .data:
            prefix.writeStaticString("content-type: application/json\r\n")
        }
        self.prefix = prefix
        request = allocator.buffer(capacity: 2048)
        content = allocator.buffer(capacity: 1024)
    }

    /// The whole request for an event.
    mutating func render(_ event: Event) -> ByteBuffer {
        request.clear()
        request.writeImmutableBuffer(prefix)
        request.writeStaticString("webhook-id: ")
        request.writeEventID(event.id)
        switch format {
        case .cloudevents:
            content.clear()
            content.writeCloudEvent(event)
            writeLengthAndContent(content)
        case .cloudeventsBinary:
            for (name, value) in CloudEvent.binaryModeFields(of: event) {
                request.writeStaticString("\r\n")
                request.writeStaticString(name)
                request.writeStaticString(": ")
                request.writeString(value)
            }
            writeLengthAndContent(event.draft.data)
        case .data:
            writeLengthAndContent(event.draft.data)
        }
        return request
    }

    private mutating func writeLengthAndContent(_ content: ByteBuffer) {
        request.writeStaticString("\r\ncontent-length: ")
        request.writeDecimal(content.readableBytes)
        request.writeStaticString("\r\n\r\n")
        request.writeImmutableBuffer(content)
    }
}

extension ByteBuffer {
    /// Writes a configured text with everything but visible ASCII percent-encoded, so that no configuration can break
    /// the framing of a request.
    fileprivate mutating func writeVisible(_ text: String) {
        let digits: StaticString = "0123456789ABCDEF"
        for byte in text.utf8 {
            if byte > 0x20 && byte < 0x7F {
                writeInteger(byte)
            } else {
                writeInteger(UInt8(ascii: "%"))
                digits.withUTF8Buffer { digits in
                    _ = unsafe writeInteger(digits[Int(byte >> 4)])
                    _ = unsafe writeInteger(digits[Int(byte & 15)])
                }
            }
        }
    }

    /// Writes a number that is not negative, in decimal digits.
    fileprivate mutating func writeDecimal(_ number: Int) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            writeInteger(UInt8(truncatingIfNeeded: 48 + number / divisor % 10))
            divisor /= 10
        }
    }
}
