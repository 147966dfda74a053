/// How one try to hand an event to a destination ended.
package enum AttemptOutcome: Sendable, Equatable {
    /// What was going on when the time was up.
    package enum Phase: String, Sendable {
        /// Waiting for a free connection, or for one to be made.
        case waiting
        /// The request was sent.
        case answering
    }

    /// 2xx: the destination has the event.
    case delivered(status: Int)
    /// Any other status. Redirects are never followed.
    case refused(status: Int)
    /// The destination's time-out passed.
    case timedOut(Phase)
    /// No connection could be made, or it broke before a response.
    case unreachable
    /// More is waiting than may wait. Nothing was sent.
    case overloaded
    /// The response was no HTTP, or went beyond its bounds, or ended early.
    case protocolError
}
