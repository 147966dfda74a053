/// The trace that a push belongs to: its `traceparent`, and behind a blank the `tracestate`, where there is one
/// (W3C Trace Context, sections 3.2 and 3.3).
///
/// One text, as the journal keeps it: an event without a `tracestate` pays nothing for it.
package struct TraceContext: Sendable, Equatable {
    /// Both.
    package let text: String

    /// Reads what `text` was; of another text no part is a trace.
    package init(text: String) {
        self.text = text
    }

    /// - Parameters:
    ///   - parent: a valid `traceparent`.
    ///   - state: what is handed on with it.
    package init(parent: String, state: String? = nil) {
        text = state.map { "\(parent) \($0)" } ?? parent
    }

    /// What a request brings; nil when there is none, or none that is valid.
    package static func of(_ headers: HeaderFields) -> TraceContext? {
        TraceParent.of(headers).map { TraceContext(parent: $0, state: TraceState.of(headers)) }
    }

    /// The `traceparent`.
    package var parent: String {
        text.utf8.count <= TraceParent.length ? text : String(text.prefix { $0 != " " })
    }

    /// The `tracestate`; nil without one.
    package var state: String? {
        text.utf8.count <= TraceParent.length ? nil : String(text.drop { $0 != " " }.dropFirst())
    }
}
