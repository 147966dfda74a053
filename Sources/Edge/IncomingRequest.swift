import NIOCore
import Webhooks

/// What is kept of a request while its content is read.
///
/// A reference, so that it goes from phase to phase as one thing.
final class IncomingRequest {
    /// The head, which was accepted.
    let head: RequestHead
    /// The route that it was accepted for.
    let match: RouteTable.Match
    /// The content so far.
    var body = ByteBuffer()

    init(head: RequestHead, match: RouteTable.Match) {
        self.head = head
        self.match = match
    }
}

@available(*, unavailable)
extension IncomingRequest: Sendable {}
