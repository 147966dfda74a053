import NIOCore

/// The response side of one upstream connection as a value: what a part of a response means for the exchange in work.
struct ResponseState: ~Copyable {
    /// Content of a response that is read before the connection is given up. Nothing in it is used.
    static let maxBodyBytes = 64 * 1024

    private enum Phase {
        /// No request is out.
        case idle
        /// A request is out, no head of a response has come.
        case awaitingHead
        case readingBody(status: Int, bytes: Int, keepsAlive: Bool)
        /// The connection is of no further use.
        case ended
    }

    enum Action: Equatable {
        case none
        /// The response is whole.
        case complete(AttemptOutcome, reusable: Bool)
        /// The connection has to be closed; the exchange in work, if there is one, has this outcome.
        case close(AttemptOutcome?)
        /// The connection was dead before the request reached anybody.
        case stale
    }

    private var phase = Phase.idle

    mutating func requestSent() {
        phase = .awaitingHead
    }

    mutating func receivedHead(status: Int, keepsAlive: Bool) -> Action {
        switch phase {
        case .awaitingHead:
            phase = .readingBody(status: status, bytes: 0, keepsAlive: keepsAlive)
            return .none
        case .idle, .readingBody, .ended:
            phase = .ended
            return .close(nil)
        }
    }

    mutating func receivedBody(_ count: Int) -> Action {
        switch phase {
        case .readingBody(let status, let bytes, let keepsAlive):
            guard bytes + count <= ResponseState.maxBodyBytes else {
                // The status says all that is needed; the rest is not read.
                phase = .ended
                return .close(ResponseState.outcome(status))
            }
            phase = .readingBody(status: status, bytes: bytes + count, keepsAlive: keepsAlive)
            return .none
        case .idle, .awaitingHead, .ended:
            return .none
        }
    }

    mutating func receivedEnd() -> Action {
        switch phase {
        case .readingBody(let status, _, let keepsAlive):
            phase = keepsAlive ? .idle : .ended
            return .complete(ResponseState.outcome(status), reusable: keepsAlive)
        case .idle, .awaitingHead, .ended:
            return .none
        }
    }

    /// The connection broke, was closed, or spoke no HTTP.
    ///
    /// - Parameters:
    ///   - sawBytes: whether anything of a response had come.
    ///   - wasReused: whether the connection had carried a request before.
    ///   - isGarbage: whether what came was no HTTP.
    mutating func broke(sawBytes: Bool, wasReused: Bool, isGarbage: Bool) -> Action {
        let before = phase
        phase = .ended
        switch before {
        case .idle, .ended:
            return .close(nil)
        case .awaitingHead where !sawBytes && !isGarbage:
            return wasReused ? .stale : .close(.unreachable)
        case .awaitingHead, .readingBody:
            return .close(.protocolError)
        }
    }

    private static func outcome(_ status: Int) -> AttemptOutcome {
        (200..<300).contains(status) ? .delivered(status: status) : .refused(status: status)
    }
}
