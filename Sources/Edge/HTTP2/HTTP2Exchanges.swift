import NIOCore
import NIOHTTP2

/// The requests of one connection that are not over: a hundred at most, and as a rule one.
struct HTTP2Exchanges {
    private var all: [HTTP2Exchange] = []

    var isEmpty: Bool { all.isEmpty }

    /// Content of requests that are not whole, with its padding.
    var heldBytes: Int { all.reduce(0) { $0 + $1.heldBytes } }

    /// The first of their deadlines.
    var deadline: NIODeadline { all.reduce(.distantFuture) { min($0, $1.deadline) } }

    subscript(_ stream: HTTP2StreamID) -> HTTP2Exchange? { all.first { $0.stream == stream } }

    func contains(_ exchange: HTTP2Exchange) -> Bool { all.contains { $0 === exchange } }

    func filter(_ isWanted: (HTTP2Exchange) -> Bool) -> [HTTP2Exchange] { all.filter(isWanted) }

    mutating func append(_ exchange: HTTP2Exchange) { all.append(exchange) }

    /// - Returns: whether there was one.
    mutating func remove(_ stream: HTTP2StreamID) -> Bool {
        guard let index = all.firstIndex(where: { $0.stream == stream }) else { return false }
        all.remove(at: index)
        return true
    }

    mutating func removeAll() { all.removeAll() }
}
