import NIOCore
import NIOHTTP2
import Webhooks

/// One request and its reply: a stream of an HTTP/2 connection (RFC 9113, section 8.1).
final class HTTP2Exchange {
    enum Phase {
        /// Content is kept.
        case reading(IncomingRequest)
        /// Content is dropped; the reply waits for its end.
        case draining(Reply)
        /// The request is with the responder.
        case responding
        /// The reply is written, and waits for the client to take it.
        case replied
    }

    enum Verdict {
        case readOn
        /// Send this refusal; the rest of the content is not wanted.
        case refuse(ReasonCode)
        /// More or less than was announced: reset the stream (RFC 9113, section 8.1.1).
        case reset
    }

    enum EndAction {
        case respond(InboundRequest, RouteTable.Match)
        case reply(Reply)
        case reset
        case nothing
    }

    let stream: HTTP2StreamID
    let id: RequestID
    let isHead: Bool
    let arrival: NIODeadline
    /// The length that its content is said to have.
    private let contentLength: Int?
    /// For its log line.
    let target: (method: String, text: String)?
    /// Who answers it.
    var responder: (any Responder)?
    /// The client that a listed proxy has named; nil: the peer.
    var client: ClientAddress?
    /// Its head and its content, as far as they were read, in case that it is refused.
    var head: RequestHead?
    private(set) var body: ByteBuffer?
    /// The route, for the metrics.
    var route: Int?
    var phase: Phase
    /// The client has sent all of it.
    private(set) var isWhole = false
    /// What it has taken of the connection's window, and not yet given back.
    private(set) var heldBytes = 0
    private var bytes = 0
    /// When the phase ends.
    var deadline = NIODeadline.distantFuture

    init(
        stream: HTTP2StreamID,
        id: RequestID,
        isHead: Bool,
        arrival: NIODeadline,
        contentLength: Int?,
        target: (method: String, text: String)?
    ) {
        self.stream = stream
        self.id = id
        self.isHead = isHead
        self.arrival = arrival
        self.contentLength = contentLength
        self.target = target
        phase = .responding
    }

    /// A piece of content has come.
    ///
    /// - Parameters:
    ///   - piece: the content.
    ///   - padded: its length with its padding, which is what flow control counts.
    ///   - limit: how much content a request may have.
    /// - Returns: whether more is wanted.
    func received(_ piece: ByteBuffer, padded: Int, limit: Int) -> Verdict {
        bytes += piece.readableBytes
        if let contentLength, bytes > contentLength { return .reset }
        switch phase {
        case .reading(let incoming):
            guard bytes <= limit else { return .refuse(.bodyTooLarge) }
            heldBytes += padded
            // The first piece is kept as it is; almost every push has only one.
            if incoming.body.readableBytes == 0 {
                incoming.body = piece
            } else {
                incoming.body.writeImmutableBuffer(piece)
            }
            return .readOn
        case .draining:
            return bytes <= limit ? .readOn : .refuse(.bodyTooLarge)
        case .responding, .replied:
            return .readOn
        }
    }

    /// The client has sent all of the request.
    func ended() -> EndAction {
        isWhole = true
        heldBytes = 0
        if let contentLength, bytes != contentLength, !isReplied { return .reset }
        switch phase {
        case .reading(let incoming):
            phase = .responding
            body = incoming.body
            return .respond(InboundRequest(head: incoming.head, body: incoming.body), incoming.match)
        case .draining(let reply):
            phase = .responding
            return .reply(reply)
        case .responding, .replied:
            return .nothing
        }
    }

    /// Whether a reply is written, though perhaps not let through.
    var isReplied: Bool { if case .replied = phase { true } else { false } }

    /// A reply is written.
    func replied() {
        heldBytes = 0
        head = nil
        body = nil
        phase = .replied
    }
}

@available(*, unavailable)
extension HTTP2Exchange: Sendable {}
