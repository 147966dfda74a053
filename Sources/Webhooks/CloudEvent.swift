package import NIOCore

/// How an event stands in an HTTP request: CloudEvents 1.0, its JSON event format and its HTTP protocol binding.
package enum CloudEvent {
    /// The media type of structured mode.
    package static let structuredMediaType: StaticString = "application/cloudevents+json"
    /// The media type of the data, which is the content in binary mode.
    package static let dataMediaType: StaticString = "application/json"

    /// The attributes of an event as header fields for binary mode, `content-type` among them.
    ///
    /// Values are percent-encoded as the HTTP binding, section 3.1.3.2, wants them.
    package static func binaryModeFields(of event: Event) -> [(name: StaticString, value: String)] {
        var fields: [(name: StaticString, value: String)] = [
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-id", event.id.description),
            ("ce-source", fieldValue(event.source)),
            ("ce-type", fieldValue(event.draft.type.description)),
            ("ce-subject", fieldValue(event.draft.subject)),
            ("ce-time", event.time.description),
        ]
        if let trace = event.trace {
            fields.append(("ce-traceparent", fieldValue(trace.parent)))
            if let state = trace.state { fields.append(("ce-tracestate", fieldValue(state))) }
        }
        if let client = event.client {
            fields.append(("ce-clientsubject", fieldValue(client.subject)))
            fields.append(("ce-clientfingerprint", fieldValue(client.fingerprint)))
        }
        return fields
    }

    /// A text as it may stand in a header field: blanks, quotes, percent signs and all but visible ASCII are encoded.
    static func fieldValue(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "%")
        }
        if isPlain { return text }
        var buffer = ByteBuffer()
        for byte in text.utf8 {
            if byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%") {
                buffer.writeInteger(byte)
            } else {
                buffer.writePercentEncoded(byte)
            }
        }
        return String(buffer: buffer)
    }
}

extension ByteBuffer {
    /// Writes an event in structured mode: one JSON object with the attributes and the data.
    package mutating func writeCloudEvent(_ event: Event) {
        let draft = event.draft
        writeJSON(capacity: 320 + event.source.utf8.count + draft.data.readableBytes) { json in
            json.object { json in
                json.field("specversion", "1.0")
                json.field("id", plain: event.id.characters.span)
                json.field("source", event.source)
                json.field("type", draft.type.description)
                json.field("subject", draft.subject)
                json.field("time", plain: event.time.characters.span)
                if let trace = event.trace {
                    json.field("traceparent", trace.parent)
                    if let state = trace.state { json.field("tracestate", state) }
                }
                if let client = event.client {
                    json.field("clientsubject", client.subject)
                    json.field("clientfingerprint", client.fingerprint)
                }
                json.field("datacontenttype", "application/json")
                json.field("data", json: draft.data)
            }
        }
    }
}
