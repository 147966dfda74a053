internal import NIOCore
internal import Webhooks

/// Writes the requests to one destination as bytes, HTTP/1.1 (RFC 9112), each as one buffer.
///
/// What is the same in every request is rendered once. The buffers are kept between requests: when a request has been
/// flushed the next one is written in its place, without an allocation.
struct RequestWriter {
    private let format: Destination.Format
    /// Nil when the destination has no secrets.
    private let signer: RequestSigner?
    private let prefix: ByteBuffer
    private var request: ByteBuffer
    private var content: ByteBuffer
    /// `webhook-id.webhook-timestamp.`, the first part of what is signed.
    private var stamp: ByteBuffer

    init(_ destination: Destination, allocator: ByteBufferAllocator = ByteBufferAllocator()) {
        format = destination.format
        signer = RequestSigner(destination.secrets)
        var prefix = allocator.buffer(capacity: 256)
        prefix.writeStaticString("POST ")
        prefix.writeVisible(destination.target.isEmpty ? "/" : destination.target)
        prefix.writeStaticString(" HTTP/1.1\r\nhost: ")
        // RFC 3986, section 3.2.2: an IPv6 address stands in brackets.
        let isIPv6 = destination.host.utf8.contains(UInt8(ascii: ":")) && !destination.host.hasPrefix("[")
        prefix.writeVisible(isIPv6 ? "[" + destination.host + "]" : destination.host)
        if destination.port != (destination.tls == nil ? 80 : 443) {
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
        stamp = allocator.buffer(capacity: 64)
    }

    /// The whole request for an event, sent at `time` as the wall's clock has it, with a `traceparent` of its own if any.
    mutating func render(_ event: Event, at time: Timestamp, trace: String? = nil) -> ByteBuffer {
        request.clear()
        request.writeImmutableBuffer(prefix)
        request.writeStaticString("webhook-id: ")
        request.writeEventID(event.id)
        request.writeStaticString("\r\nwebhook-timestamp: ")
        request.writeDecimal(seconds(time))
        if let traceParent = trace ?? event.traceParent {
            request.writeStaticString("\r\ntraceparent: ")
            request.writeVisible(traceParent)
            if let state = event.trace?.state {
                request.writeStaticString("\r\ntracestate: ")
                request.writeVisible(state, blanks: true)
            }
        }
        switch format {
        case .cloudevents:
            content.clear()
            content.writeCloudEvent(event)
            finish(event, time, content)
        case .cloudeventsBinary:
            for (name, value) in CloudEvent.binaryModeFields(of: event) {
                request.writeStaticString("\r\n")
                request.writeStaticString(name)
                request.writeStaticString(": ")
                request.writeString(value)
            }
            finish(event, time, event.draft.data)
        case .data:
            finish(event, time, event.draft.data)
        }
        return request
    }

    private func seconds(_ time: Timestamp) -> Int {
        Int(max(0, time.milliseconds) / 1000)
    }

    /// Writes what depends on the content, and the content.
    private mutating func finish(_ event: Event, _ time: Timestamp, _ content: ByteBuffer) {
        if let signer {
            stamp.clear()
            stamp.writeEventID(event.id)
            stamp.writeStaticString(".")
            stamp.writeDecimal(seconds(time))
            stamp.writeStaticString(".")
            request.writeStaticString("\r\nwebhook-signature: ")
            signer.writeSignatures(stamp: stamp, content: content, to: &request)
        }
        request.writeStaticString("\r\ncontent-length: ")
        request.writeDecimal(content.readableBytes)
        request.writeStaticString("\r\n\r\n")
        request.writeImmutableBuffer(content)
    }
}

extension ByteBuffer {
    /// Writes a text with everything but visible ASCII percent-encoded, and blanks where they are wanted, so that it cannot
    /// break the framing of a request.
    fileprivate mutating func writeVisible(_ text: String, blanks: Bool = false) {
        let first: UInt8 = blanks ? 0x20 : 0x21
        if text.utf8.allSatisfy({ $0 >= first && $0 < 0x7F }) {
            writeString(text)
            return
        }
        let digits: StaticString = "0123456789ABCDEF"
        for byte in text.utf8 {
            if byte >= first && byte < 0x7F {
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
}
