import TLS

/// What one event loop has for all its connections.
///
/// Used on that loop only.
package final class EdgeLoop {
    /// Answers the requests of this loop.
    let responder: any Responder
    /// Keeps the formatted date.
    let writer = ReplyWriter()
    /// Whose turn it is to shake hands.
    let turns = HandshakeTurns()
    /// What happened on this loop, for the metrics.
    package internal(set) var counts = EdgeCounts()

    /// Makes the ids of requests.
    var ids: RequestIDSource
    /// Keeps what was turned away; nil: nobody does.
    let keeper: (any RefusalKeeper)?

    /// - Parameters:
    ///   - responder: answers the requests of this loop.
    ///   - place: of the loop among those of the process.
    ///   - keeper: keeps what was turned away.
    package init(responder: any Responder, place: Int = 0, keeper: (any RefusalKeeper)? = nil) {
        self.responder = responder
        self.keeper = keeper
        ids = RequestIDSource(loop: place)
    }
}

@available(*, unavailable)
extension EdgeLoop: Sendable {}
