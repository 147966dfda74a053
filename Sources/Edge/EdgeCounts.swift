package import Webhooks

/// What one event loop has counted about strangers: plain integers, which only the loop touches.
///
/// A copy of it is a snapshot, and snapshots of several loops add up.
package struct EdgeCounts: Sendable {
    /// A version of TLS, and whether an earlier session was resumed.
    package enum Handshake: Int, Sendable, CaseIterable {
        case tls12Full
        case tls12Resumed
        case tls13Full
        case tls13Resumed
    }

    /// Why a connection did not get through its handshake.
    package enum HandshakeFailure: String, Sendable, CaseIterable {
        case failed
        case timedOut = "timed_out"
        case left
        case plainHTTP = "plain_http"

        fileprivate var place: Int {
            switch self {
            case .failed: 0
            case .timedOut: 1
            case .left: 2
            case .plainHTTP: 3
            }
        }
    }

    /// Why a connection was closed as soon as it came.
    package enum ConnectionRefusal: String, Sendable, CaseIterable {
        case denied
        case tooManyOpen = "too_many_open"
        case tooFast = "too_fast"

        fileprivate var place: Int {
            switch self {
            case .denied: 0
            case .tooManyOpen: 1
            case .tooFast: 2
            }
        }
    }

    /// Replies by hundreds of their status: five of each route, the first five being those of no route.
    private var replies: [Int] = Array(repeating: 0, count: 10)
    /// By the place of the reason.
    private var refusals: [Int] = Array(repeating: 0, count: ReasonCode.allCases.count)
    private var handshakes: [Int] = Array(repeating: 0, count: Handshake.allCases.count)
    private var handshakeFailures: [Int] = Array(repeating: 0, count: HandshakeFailure.allCases.count)
    private var connectionRefusals: [Int] = Array(repeating: 0, count: ConnectionRefusal.allCases.count)
    /// From the first byte of a request to its reply, in nanoseconds.
    package private(set) var replyTime = Histogram(bounds: Histogram.latencyBounds)
    /// Connections that were accepted.
    package private(set) var opened = 0
    /// Connections that are gone.
    package private(set) var closed = 0
    /// Requests whose client left before the reply.
    package private(set) var abandoned = 0

    package init() {}

    /// Connections that are open.
    package var open: Int { opened - closed }

    /// Replies to requests of a route, or of none, whose status begins with this digit.
    package func replies(route: Int?, hundreds: Int) -> Int {
        let index = EdgeCounts.index(route, hundreds)
        return index < replies.count ? replies[index] : 0
    }

    /// Refusals for this reason.
    package subscript(_ reason: ReasonCode) -> Int { refusals[reason.place] }

    /// Handshakes of this kind.
    package subscript(_ handshake: Handshake) -> Int { handshakes[handshake.rawValue] }

    /// Handshakes that came to such an end.
    package subscript(_ failure: HandshakeFailure) -> Int { handshakeFailures[failure.place] }

    /// Connections that were turned away for this reason.
    package subscript(_ refusal: ConnectionRefusal) -> Int { connectionRefusals[refusal.place] }

    // MARK: Counting

    mutating func connectionRefused(_ refusal: ConnectionRefusal) { connectionRefusals[refusal.place] += 1 }

    mutating func connectionOpened() { opened += 1 }

    mutating func connectionClosed() { closed += 1 }

    mutating func clientLeft() { abandoned += 1 }

    mutating func shookHands(_ handshake: Handshake) { handshakes[handshake.rawValue] += 1 }

    mutating func handshakeFailed(_ failure: HandshakeFailure) { handshakeFailures[failure.place] += 1 }

    /// A reply is sent.
    ///
    /// - Parameters:
    ///   - reply: the reply.
    ///   - route: the position of the route in the configuration; nil when none was found.
    ///   - took: since the first byte of the request, in nanoseconds; nil when it had no beginning.
    mutating func replied(_ reply: Reply, route: Int?, took: Int?) {
        let index = EdgeCounts.index(route, reply.status / 100)
        // Once for each route.
        while index >= replies.count { replies.append(0) }
        replies[index] += 1
        if let reason = reply.reason { refusals[reason.place] += 1 }
        if let took { replyTime.record(took) }
    }

    private static func index(_ route: Int?, _ hundreds: Int) -> Int {
        5 * ((route ?? -1) + 1) + min(max(hundreds, 1), 5) - 1
    }

    /// Adds a snapshot of another loop.
    package mutating func add(_ other: EdgeCounts) {
        while replies.count < other.replies.count { replies.append(0) }
        for (index, count) in other.replies.enumerated() { replies[index] += count }
        for (index, count) in other.refusals.enumerated() { refusals[index] += count }
        for (index, count) in other.handshakes.enumerated() { handshakes[index] += count }
        for (index, count) in other.handshakeFailures.enumerated() { handshakeFailures[index] += count }
        for (index, count) in other.connectionRefusals.enumerated() { connectionRefusals[index] += count }
        replyTime.add(other.replyTime)
        opened += other.opened
        closed += other.closed
        abandoned += other.abandoned
    }
}
