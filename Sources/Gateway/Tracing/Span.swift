import Glibc
import NIOCore
import Webhooks

/// Something that took a while, as a part of a trace.
struct Span: Sendable {
    /// As OTLP counts them.
    enum Kind: Int, Sendable {
        case local = 1
        case server = 2
        case client = 3
    }

    enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
    }

    let context: SpanContext
    /// The span it is a part of; nil: the first of its trace.
    let parent: String?
    let name: String
    let kind: Kind
    /// In nanoseconds since 1970.
    let start: Int64
    let end: Int64
    let attributes: [(name: String, value: Value)]
    /// A stable word for why it went wrong; nil when it did not.
    let error: String?
    /// Whether its status is an error.
    ///
    /// A server's is one from 500 on alone: that a client was refused is no failure here (OpenTelemetry's conventions for
    /// HTTP spans).
    let isFailed: Bool

    /// Nanoseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension [Span] {
    /// All of them as OTLP wants them in JSON (opentelemetry-proto, ExportTraceServiceRequest).
    func document(service: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 1024 + count * 640) { json in
            json.object { json in
                json.list("resourceSpans") { json in
                    json.object { json in
                        json.name("resource")
                        json.object { json in
                            json.list("attributes") { json in
                                json.attribute("service.name", .text(service))
                                json.attribute("service.version", .text(ProgramVersion.text))
                            }
                        }
                        json.list("scopeSpans") { json in
                            json.object { json in
                                json.name("scope")
                                json.object { $0.field("name", "hookgate") }
                                json.list("spans") { json in
                                    for span in self { json.span(span) }
                                }
                            }
                        }
                    }
                }
            }
        }
        return buffer
    }
}

extension JSONWriter {
    fileprivate mutating func list(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        array(body)
    }

    fileprivate mutating func attribute(_ name: String, _ value: Span.Value) {
        object { json in
            json.field("key", name)
            json.name("value")
            json.object { json in
                switch value {
                case .text(let text): json.field("stringValue", text)
                // 64-bit numbers are strings in the JSON of protocol buffers.
                case .number(let number): json.field("intValue", String(number))
                }
            }
        }
    }

    fileprivate mutating func span(_ span: Span) {
        object { json in
            json.field("traceId", span.context.trace)
            json.field("spanId", span.context.span)
            json.field("parentSpanId", span.parent)
            json.field("name", span.name)
            json.field("kind", span.kind.rawValue)
            json.field("startTimeUnixNano", String(span.start))
            json.field("endTimeUnixNano", String(Swift.max(span.start, span.end)))
            json.list("attributes") { json in
                for (name, value) in span.attributes { json.attribute(name, value) }
                if let error = span.error { json.attribute("error.type", .text(error)) }
            }
            json.name("status")
            json.object { json in
                if span.isFailed { json.field("code", 2) }
            }
        }
    }
}
