/// How one attempt to deliver an event ended.
///
/// Every attempt has exactly one.
///
/// Only `delivered` means that the receiver took the event. After any other outcome it may have taken it all the same
/// (the answer was lost, late or broken), which is why every attempt carries the event's id as `webhook-id`.
package enum AttemptOutcome: Sendable, Equatable {
    /// Where an attempt stood when its time was up.
    package enum Phase: String, Sendable, CaseIterable {
        /// All connections were busy with earlier attempts.
        case waiting
        /// No connection could be made in time.
        case connecting
        /// The request was sent, and the response was not complete.
        case answering
    }

    /// A complete response with a 2xx status.
    case delivered(status: Int)
    /// A response with any other status. A redirect is one: it is never followed, RFC 9110, section 15.4.
    ///
    /// With it comes when the receiver wants to be asked again, if it says so.
    case refused(status: Int, retryAfter: RetryAfter? = nil)
    /// The destination's time-out passed.
    case timedOut(phase: Phase)
    /// No connection, or one that ended without a byte of response. One of the words of `ConnectFailure`.
    case unreachable(String)
    /// The destination's queue of waiting attempts was full.
    case overloaded
    /// What came back was not HTTP/1, broke a bound, or ended in the middle.
    case protocolError

    /// The outcome of a complete response.
    init(status: Int, retryAfter: RetryAfter? = nil) {
        self =
            status >= 200 && status < 300
            ? .delivered(status: status) : .refused(status: status, retryAfter: retryAfter)
    }
}
