package import NIOCore
package import Webhooks

/// What is logged of a request that was answered: no header values, no query.
package struct RequestLine: Sendable {
    /// The request.
    package let request: RequestID
    /// Who is meant to have sent it.
    package let client: ClientAddress
    /// As `EdgeLog.word` has it.
    package let method: String
    /// What the responder makes of the target; a hyphen when there was none.
    package let path: String
    /// Of the reply.
    package let status: Int
    /// Why it was refused, if it was.
    package let reason: ReasonCode?
    /// From its first byte to its reply.
    package let duration: TimeAmount

    package init(
        request: RequestID,
        client: ClientAddress,
        method: String,
        path: String,
        status: Int,
        reason: ReasonCode?,
        duration: TimeAmount
    ) {
        self.request = request
        self.client = client
        self.method = method
        self.path = path
        self.status = status
        self.reason = reason
        self.duration = duration
    }
}

/// Writes one line per request.
///
/// Of all records this one alone is made for every push, so that it is worth a way past the dictionaries of a logger.
package protocol RequestLog: Sendable {
    /// Whether request lines are written, so that nothing is prepared for nothing.
    var isOn: Bool { get }

    /// Called on event loops.
    func write(_ line: RequestLine)
}
