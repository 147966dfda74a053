import NIOCore
import NIOHTTP1
import Webhooks

/// One HTTP/1.1 connection as a value: which phase it is in, and what the next input means.
///
/// It never touches a channel or a clock; the handler performs what it returns. One request is in work at a time;
/// the handler keeps pipelined parts until `replied` asks for them.
struct ConnectionState: ~Copyable {
    /// How to end the reply to the request in work.
    struct Manner {
        /// The client keeps the connection (RFC 9112, section 9.3).
        var keepsAlive = false
        var isVersion10 = false
        var isHead = false
    }

    enum Phase {
        /// Between requests.
        case idle
        /// Bytes of a head have come, the head has not.
        case readingHead
        /// The head is being screened.
        case screening(Webhooks.RequestHead, FramingRules.Framing)
        /// Content is kept.
        case readingBody(IncomingRequest)
        /// Content is dropped; the reply waits for its end, so that the connection stays usable.
        case draining(Reply, bytes: Int)
        /// The request is with the responder.
        case responding
        /// A last reply went out; whatever still comes is dropped.
        case closing
    }

    /// How long a quiescing connection waits for its first request, or for one to be repeated with credentials.
    private static let requestAllowance = TimeAmount.seconds(1)

    private(set) var phase = Phase.idle
    private(set) var manner = Manner()
    private var quiescing = false
    /// The client sends nothing more, or nothing that is read.
    private var isInputOver = false
    /// A request is about to come: none has come yet, or the last one was challenged.
    private var expectsRequest = true
    /// It has quiesced and was challenged since: once is enough.
    private var isSpared = false
    /// Somebody let in posts here: the connection may be kept for the next push.
    private var isTrusted = false
    private let shared: SharedLimits
    private var limits: EdgeLimits { shared.values }

    init(limits: SharedLimits) {
        shared = limits
    }

    /// True while parts of a next request have to wait.
    var isBusy: Bool {
        switch phase {
        case .responding: true
        case .idle, .readingHead, .screening, .readingBody, .draining, .closing: false
        }
    }

    // MARK: Reading

    /// The first bytes of a head have come.
    mutating func headBegan() {
        switch phase {
        case .idle: phase = .readingHead
        case .readingHead, .screening, .readingBody, .draining, .responding, .closing: break
        }
    }

    enum HeadAction {
        /// Ask the responder about the head, then call `screened`.
        case screen(Webhooks.RequestHead)
        /// Send this refusal; the connection ends.
        case refuse(ReasonCode, Webhooks.RequestHead)
        case drop
    }

    /// A whole head has come.
    mutating func received(
        _ head: NIOHTTP1.HTTPRequestHead,
        id: RequestID,
        client: ClientAddress,
        forwarding: ForwardingRules? = nil,
        connection: ConnectionOrigin,
        certificate: ClientCertificate? = nil,
        arrival: Timestamp
    ) -> HeadAction {
        switch phase {
        case .idle, .readingHead:
            expectsRequest = false
            manner = Manner(
                keepsAlive: head.isKeepAlive,
                isVersion10: head.version == .http1_0,
                isHead: head.method == .HEAD
            )
            let fields = HeaderFields(Array(head.headers))
            let request = Webhooks.RequestHead(
                id: id,
                method: head.method.rawValue,
                target: head.uri,
                headers: fields,
                client: forwarding?.client(fields, peer: client) ?? client,
                connection: connection,
                certificate: certificate,
                arrival: arrival
            )
            switch FramingRules.check(target: head.uri, isVersion10: manner.isVersion10, fields, limits: limits) {
            case .failure(let refusal):
                phase = .closing
                manner.keepsAlive = false
                return .refuse(refusal.reason, request)
            case .success(let framing):
                // After a request to switch protocols llhttp reads no further; this connection takes no second request.
                if head.method == .CONNECT || framing.asksForUpgrade { manner.keepsAlive = false }
                phase = .screening(request, framing)
                return .screen(request)
            }
        case .screening, .readingBody, .draining, .responding, .closing:
            return .drop
        }
    }

    enum ScreenAction {
        case readOn
        /// Send 100 (Continue), then read on.
        case sendContinue
        /// Send this reply; the connection ends.
        case reply(Reply)
    }

    /// The responder has looked at the head.
    mutating func screened(_ screening: Screening) -> ScreenAction {
        switch (phase, screening) {
        case (.screening(let head, let framing), .accepted(let match)):
            phase = .readingBody(IncomingRequest(head: head, match: match))
            return framing.expectsContinue && framing.contentLength != 0 ? .sendContinue : .readOn
        case (.screening(_, let framing), .refused(let refusal, _)):
            if framing.expectsContinue || refusal.closes {
                // Whether content follows a refusal instead of 100 is the client's choice: the framing is lost
                // (RFC 9110, section 10.1.1).
                manner.keepsAlive = false
                phase = .closing
                return .reply(refusal)
            }
            phase = .draining(refusal, bytes: 0)
            return .readOn
        case (.idle, _), (.readingHead, _), (.readingBody, _), (.draining, _), (.responding, _), (.closing, _):
            return .readOn
        }
    }

    enum BodyAction {
        case readOn
        /// Send this refusal; the connection ends.
        case refuse(ReasonCode)
    }

    /// A piece of content has come.
    mutating func received(_ piece: ByteBuffer) -> BodyAction {
        switch phase {
        case .readingBody(let incoming):
            guard incoming.body.readableBytes + piece.readableBytes <= limits.maxBodyBytes else {
                return refuseBody()
            }
            // The first piece is kept as it is; almost every push has only one.
            if incoming.body.readableBytes == 0 {
                incoming.body = piece
            } else {
                incoming.body.writeImmutableBuffer(piece)
            }
            return .readOn
        case .draining(let reply, let bytes):
            let total = bytes + piece.readableBytes
            guard total <= limits.maxBodyBytes else { return refuseBody() }
            phase = .draining(reply, bytes: total)
            return .readOn
        case .idle, .readingHead, .screening, .responding, .closing:
            return .readOn
        }
    }

    private mutating func refuseBody() -> BodyAction {
        manner.keepsAlive = false
        phase = .closing
        return .refuse(.bodyTooLarge)
    }

    enum EndAction {
        case respond(InboundRequest, RouteTable.Match)
        /// Send this reply, then call `replied`.
        case reply(Reply)
        case drop
    }

    /// The end of a request has come.
    mutating func receivedEnd() -> EndAction {
        switch phase {
        case .readingBody(let incoming):
            phase = .responding
            return .respond(InboundRequest(head: incoming.head, body: incoming.body), incoming.match)
        case .draining(let reply, _):
            phase = .responding
            return .reply(reply)
        case .idle, .readingHead, .screening, .responding, .closing:
            return .drop
        }
    }

    /// The bytes are no HTTP, or more than the limits allow.
    ///
    /// - Returns: whether a refusal still makes sense.
    mutating func failed() -> Bool {
        manner.keepsAlive = false
        switch phase {
        case .closing:
            return false
        case .idle, .readingHead, .screening, .readingBody, .draining, .responding:
            phase = .closing
            return true
        }
    }

    // MARK: Replying

    /// A reply is about to be written: whether the connection ends with it.
    ///
    /// - Parameters:
    ///   - reply: the reply.
    ///   - hasMore: whether a pipelined request waits, which a quiescing connection still answers.
    /// - Returns: how the connection goes on.
    mutating func replied(_ reply: Reply, hasMore: Bool) -> ReplyWriter.Persistence {
        if reply.status < 300 { isTrusted = true }
        expectsRequest = reply.status == 401 && !isInputOver && !isSpared
        if quiescing, expectsRequest { isSpared = true }
        let ends = reply.closes || !manner.keepsAlive || (quiescing && !hasMore && !expectsRequest)
        if ends {
            phase = .closing
            return .close
        }
        phase = .idle
        return manner.isVersion10 ? .keepAliveAnnounced : .keepAlive
    }

    // MARK: Ending

    enum QuiesceAction {
        case close
        case finishFirst
    }

    /// The gateway is going down: idle connections end now, others after their reply.
    ///
    /// Whoever has only just connected is about to ask for the first time, and whoever was challenged is about to ask
    /// again: they get a moment for that.
    mutating func quiesce(hasMore: Bool) -> QuiesceAction {
        quiescing = true
        return expectsRequest ? .finishFirst : endIfIdle(hasMore)
    }

    /// The client sends nothing more: a connection that owes no reply ends now, others after it.
    mutating func inputEnded(hasMore: Bool) -> QuiesceAction {
        quiescing = true
        isInputOver = true
        return endIfIdle(hasMore)
    }

    private mutating func endIfIdle(_ hasMore: Bool) -> QuiesceAction {
        switch phase {
        case .idle where !hasMore:
            phase = .closing
            return .close
        case .idle, .readingHead, .screening, .readingBody, .draining, .responding, .closing:
            return .finishFirst
        }
    }

    /// The bytes behind the request in work are no HTTP: its reply is owed, and is the last.
    mutating func endAfterReply() {
        quiescing = true
        isInputOver = true
    }

    enum DeadlineAction {
        /// Send this refusal; the connection ends.
        case refuse(ReasonCode)
        case closeSilently
        case nothing
    }

    /// The deadline of the current phase has passed.
    mutating func deadlinePassed() -> DeadlineAction {
        switch phase {
        case .idle:
            phase = .closing
            return .closeSilently
        case .readingHead, .screening:
            manner.keepsAlive = false
            phase = .closing
            return .refuse(.headerTimeout)
        case .readingBody, .draining:
            manner.keepsAlive = false
            phase = .closing
            return .refuse(.bodyTimeout)
        case .closing:
            return .closeSilently
        case .responding:
            return .nothing
        }
    }

    /// How long the current phase may last; nil where another clock runs.
    var allowance: TimeAmount? {
        switch phase {
        case .idle where quiescing: ConnectionState.requestAllowance
        case .idle: isTrusted ? limits.idleTimeout : min(limits.idleTimeout, limits.headerTimeout)
        case .readingHead, .screening: limits.headerTimeout
        case .readingBody, .draining: limits.bodyTimeout
        case .responding: nil
        case .closing: limits.writeTimeout
        }
    }

    /// How long a peer may leave its replies unread.
    var writeAllowance: TimeAmount { limits.writeTimeout }
}
