/// What one event loop has for all its connections.
///
/// Used on that loop only.
package final class EdgeLoop {
    /// Answers the requests of this loop.
    let responder: any Responder
    /// Keeps the formatted date.
    let writer = ReplyWriter()

    package init(responder: any Responder) {
        self.responder = responder
    }
}

@available(*, unavailable)
extension EdgeLoop: Sendable {}
