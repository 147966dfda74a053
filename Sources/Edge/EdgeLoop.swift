import NIOCore
import TLS

/// What one event loop has for all its connections.
///
/// Used on that loop only.
package final class EdgeLoop {
    /// Answers the requests that begin on this loop from now on; one that has begun keeps the one it began with.
    package var responder: any Responder
    /// Keeps the formatted date.
    let writer = ReplyWriter()
    /// Whose turn it is to shake hands.
    let turns = HandshakeTurns()
    /// The deadlines of its connections: proxy header, TLS, HTTP.
    let deadlines = LoopDeadlines()
    /// What connections have in common.
    let origins = ConnectionOrigins()
    private var parsers: [(fields: Int, bytes: Int, parsers: RequestParsers)] = []
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

    /// Lets handshakes wait for each other without sleeping, from the first listener on.
    ///
    /// - Parameter loop: the event loop that this is called on.
    /// - Returns: completes when it does; never fails, since a timer serves as well.
    func hangBell(on loop: any EventLoop) -> EventLoopFuture<Void> {
        guard turns.bell == nil else { return loop.makeSucceededVoidFuture() }
        let turns = turns
        // The turns have the bell, and not the other way round.
        return LoopBell.hang(on: loop) { [weak turns] in turns?.rang(on: loop) }
            .assumeIsolated()
            .map { turns.bell = $0.value }
            .recover { _ in }
            .nonisolated()
    }

    /// The parsers of requests under such limits; those of others that no connection has any more are let go.
    ///
    /// - Returns: what a connection has to enter before the next one asks.
    func parsers(_ limits: EdgeLimits) -> RequestParsers {
        let known = parsers.first { $0.fields == limits.maxHeaderFields && $0.bytes == limits.maxHeaderBytes }
        if let known { return known.parsers }
        parsers.removeAll { $0.parsers.isUnused }
        let new = RequestParsers(limits)
        parsers.append((limits.maxHeaderFields, limits.maxHeaderBytes, new))
        return new
    }
}

@available(*, unavailable)
extension EdgeLoop: Sendable {}
