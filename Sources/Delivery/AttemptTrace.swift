package import Webhooks

/// Follows attempts whose event belongs to a trace that somebody looks at.
package struct AttemptTrace: Sendable {
    /// Gives the `traceparent` of an attempt that begins now; nil when nobody looks.
    package let begin: @Sendable (_ event: Event) -> String?
    /// Hears how an attempt with that `traceparent` has ended.
    package let end: @Sendable (_ traceParent: String, _ attempt: Ended) -> Void

    /// An attempt that has come to its end.
    package struct Ended: Sendable {
        /// What was sent.
        package let event: Event
        /// The destination's name.
        package let destination: String
        /// From 1.
        package let number: Int
        /// How long it took, in milliseconds.
        package let milliseconds: Int
        /// How it ended.
        package let outcome: AttemptOutcome

        package init(event: Event, destination: String, number: Int, milliseconds: Int, outcome: AttemptOutcome) {
            self.event = event
            self.destination = destination
            self.number = number
            self.milliseconds = milliseconds
            self.outcome = outcome
        }
    }

    package init(
        begin: @escaping @Sendable (_ event: Event) -> String?,
        end: @escaping @Sendable (_ traceParent: String, _ attempt: Ended) -> Void
    ) {
        self.begin = begin
        self.end = end
    }
}
