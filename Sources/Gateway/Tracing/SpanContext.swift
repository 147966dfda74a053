import Webhooks

/// A place in a trace, as `traceparent` has it (W3C Trace Context, section 3.2).
struct SpanContext: Sendable, Equatable {
    /// 32 hexadecimal digits.
    let trace: String
    /// 16 hexadecimal digits.
    let span: String
    /// Whether somebody looks at it.
    let isSampled: Bool

    init(trace: String, span: String, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// Reads a valid `traceparent`.
    init?(_ text: String) {
        let parts = text.split(separator: "-")
        guard parts.count >= 4, parts[1].utf8.count == 32, parts[2].utf8.count == 16,
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(trace: String(parts[1]), span: String(parts[2]), isSampled: flags & 1 == 1)
    }

    /// The beginning of a trace.
    static func root(isSampled: Bool) -> SpanContext {
        SpanContext(trace: word() + word(), span: word(), isSampled: isSampled)
    }

    /// A new place below this one.
    var child: SpanContext { SpanContext(trace: trace, span: SpanContext.word(), isSampled: isSampled) }

    /// As the field.
    var text: String { "00-\(trace)-\(span)-0\(isSampled ? 1 : 0)" }

    /// Sixteen digits, not all of them zero.
    private static func word() -> String {
        let digits = String(UInt64.random(in: 1 ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
