package import NIOCore

/// An event in the words of CloudEvents 1.0.
extension ByteBuffer {
    /// Writes the event in structured mode (CloudEvents JSON format, section 3): one document with everything.
    package mutating func writeCloudEvent(_ event: Event) {
        reserveCapacity(minimumWritableBytes: 320 + event.draft.data.readableBytes)
        writeStaticString("{\"specversion\":\"1.0\",\"id\":\"")
        writeEventID(event.id)
        writeStaticString("\",\"source\":")
        writeJSONString(event.source)
        writeStaticString(",\"type\":")
        writeJSONString(event.draft.type.description)
        writeStaticString(",\"subject\":")
        writeJSONString(event.draft.subject)
        writeStaticString(",\"time\":\"")
        writeTimestamp(event.time)
        writeStaticString("\",\"datacontenttype\":\"application/json\",\"data\":")
        writeImmutableBuffer(event.draft.data)
        writeStaticString("}")
    }

    /// Writes the event's attributes as header lines of binary mode (CloudEvents HTTP binding, section 3.1.3).
    package mutating func writeCloudEventFields(_ event: Event) {
        writeStaticString("ce-specversion: 1.0\r\nce-id: ")
        writeEventID(event.id)
        writeStaticString("\r\nce-source: ")
        writePercentEncoded(event.source)
        writeStaticString("\r\nce-type: ")
        writePercentEncoded(event.draft.type.description)
        writeStaticString("\r\nce-subject: ")
        writePercentEncoded(event.draft.subject)
        writeStaticString("\r\nce-time: ")
        writeTimestamp(event.time)
        writeStaticString("\r\n")
    }

    /// Writes text as a header value: everything but visible ASCII, and quotes and percent signs, percent-encoded.
    private mutating func writePercentEncoded(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x25, 0x00...0x20, 0x7F...0xFF:
                writeInteger(UInt8(ascii: "%"))
                for nibble in [byte >> 4, byte & 0xF] { writeInteger(nibble < 10 ? 48 + nibble : 55 + nibble) }
            default:
                writeInteger(byte)
            }
        }
    }
}
