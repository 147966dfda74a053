import NIOCore
import NIOHTTP1
import Webhooks

/// Serves one connection: the shell around `ConnectionState`.
///
/// Reads request parts, writes whole replies as bytes, and keeps the deadlines. There is one timer per connection,
/// compared with the stored deadline when it fires; a request that comes whole never touches it.
final class HTTP1Handler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = Never
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Pipelined parts that may wait before reading stops.
    ///
    /// A client that waits for its replies never gets here, and
    /// pays for no change of its socket's interest set.
    private static let maxWaitingParts = 64

    private let loop: EdgeLoop
    /// Of the request in work.
    private var responder: any Responder
    private let writer: ReplyWriter
    private let log: EdgeLog
    /// The one at the other end of the connection.
    private let peer: ClientAddress
    /// Who is meant by it: somebody else where a listed proxy names a client for each request.
    private var client: ClientAddress
    /// How that is told; nil when the peer is no such proxy.
    private let forwarding: ForwardingRules?
    private let connection: ConnectionOrigin
    /// What the client has shown in its handshake.
    private let certificate: ClientCertificate?
    private let progress: RequestDecoder.Progress

    private var state: ConnectionState
    private var context: ChannelHandlerContext?
    /// Parts of requests behind the one in work.
    private var waiting: [HTTPServerRequestPart] = []
    /// How many of them have been taken up, while they are being taken up.
    private var taken = 0
    /// What is wrong with the bytes behind them.
    private var failure: ReasonCode?
    private var isDrainingWaiting = false
    private var readHeldBack = false
    /// As the channel told last.
    private var isWritable = true
    /// Inside a read cycle replies are joined into one flush.
    private var isReading: Bool { cycleTime != nil }
    /// When the read cycle began.
    private var cycleTime: NIODeadline?
    private var needsFlush = false
    private var deadline = NIODeadline.distantFuture
    private var writeDeadline = NIODeadline.distantFuture
    private let timer: LazyTimer
    /// The request in work, for its log line.
    private var arrival: Timestamp?
    /// Its id; nil before somebody needs it.
    private var id: RequestID?
    /// Its head and its content, as far as they were read, in case that it is refused.
    private var head: Webhooks.RequestHead?
    private var body: ByteBuffer?
    private var began = NIODeadline.uptimeNanoseconds(0)
    private var target: (method: String, text: String)?
    /// The route of the request in work, for the metrics.
    private var route: Int?

    init(
        loop: EdgeLoop,
        limits: SharedLimits,
        client: ClientAddress,
        connection: ConnectionOrigin,
        certificate: ClientCertificate?,
        progress: RequestDecoder.Progress,
        log: EdgeLog
    ) {
        self.loop = loop
        timer = LazyTimer(loop.deadlines)
        responder = loop.responder
        writer = loop.writer
        peer = client
        self.client = client
        forwarding = limits.values.forwarding.believes(client) ? limits.values.forwarding : nil
        self.connection = connection
        self.certificate = certificate
        self.progress = progress
        self.log = log
        state = ConnectionState(limits: limits)
    }

    /// The loop's clock, which tests move by hand; read once for all that comes in one read cycle.
    private var now: NIODeadline { cycleTime ?? context?.eventLoop.now ?? .now() }

    // MARK: Life of the handler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        phaseBegan()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stop()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        timer.cancel()
        context = nil
        waiting.removeAll()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if cycleTime == nil { cycleTime = context.eventLoop.now }
        let part = unwrapInboundIn(data)
        if case .end = part {
            // Here and not when it is taken up: what the decoder sees from now on is the beginning of another request.
            progress.sawBytes = false
            progress.isBetweenRequests = !state.isBusy && waiting.isEmpty && state.manner.keepsAlive
        }
        if state.isBusy || !waiting.isEmpty {
            waiting.append(part)
        } else {
            take(part)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        cycleTime = nil
        beginHeadIfBytesCame()
        armIfSooner()
        flushIfNeeded()
        context.fireChannelReadComplete()
    }

    /// Starts the clock of a head whose first bytes are here, be it alone or behind the request before.
    private func beginHeadIfBytesCame() {
        guard progress.sawBytes, waiting.isEmpty, case .idle = state.phase else { return }
        progress.sawBytes = false
        state.headBegan()
        arrival = .now()
        began = now
        phaseBegan()
    }

    func read(context: ChannelHandlerContext) {
        if waiting.count >= HTTP1Handler.maxWaitingParts || !isWritable {
            readHeldBack = true
        } else {
            context.read()
        }
    }

    /// Hands one part to the state and does what it asks for.
    private func take(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head):
            responder = loop.responder
            if arrival == nil {
                arrival = .now()
                began = now
            }
            if log.isOn { target = (head.method.rawValue, head.uri) }
            let action = state.received(
                head,
                id: requestID(),
                client: peer,
                forwarding: forwarding,
                connection: connection,
                certificate: certificate,
                arrival: arrival ?? .now()
            )
            switch action {
            case .screen(let request): screen(request)
            case .refuse(let reason, let request):
                self.head = request
                refuse(reason)
            case .drop: break
            }
        case .body(let piece):
            switch state.received(piece) {
            case .readOn: break
            case .refuse(let reason): refuse(reason)
            }
        case .end:
            switch state.receivedEnd() {
            case .respond(let request, let match):
                phaseBegan()
                body = request.body
                responder.respond(to: request, on: match) { self.send($0) }
            case .reply(let reply): send(reply)
            case .drop: break
            }
        }
    }

    private func screen(_ request: Webhooks.RequestHead) {
        head = request
        if forwarding != nil { client = request.client }
        let screening = responder.screen(request)
        route = screening.route
        switch state.screened(screening) {
        case .readOn:
            phaseBegan()
        case .sendContinue:
            phaseBegan()
            writeBytes(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
        case .reply(let reply):
            send(reply)
        }
    }

    // MARK: Replying

    private func refuse(_ reason: ReasonCode) {
        var reply = Reply.refusal(reason)
        reply.closes = true
        send(reply)
    }

    /// The id of the request in work.
    private func requestID() -> RequestID {
        if let id { return id }
        let made = loop.ids.next(at: arrival ?? .now())
        id = made
        return made
    }

    private func send(_ reply: Reply) {
        let id = requestID()
        guard let context else {
            loop.counts.clientLeft()
            return log.abandoned(id, client: client, target: loggedTarget(), reply: reply)
        }
        let isHead = state.manner.isHead
        let persistence = state.replied(reply, hasMore: taken < waiting.count)
        let bytes = writer.bytes(of: reply, to: id, persistence, withoutBody: isHead)
        let took = now - began
        loop.counts.replied(reply, route: route, took: arrival == nil ? nil : Int(took.nanoseconds))
        if log.isOn { log.replied(id, client: client, target: loggedTarget(), reply: reply, took: took) }
        if let reason = reply.reason, let keeper = loop.keeper, keeper.wants(reason, at: now) {
            keeper.keep(refused(id, reply))
        }
        arrival = nil
        self.id = nil
        head = nil
        body = nil
        target = nil
        route = nil
        if forwarding != nil { client = peer }
        phaseBegan()
        switch persistence {
        case .close:
            waiting.removeAll()
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            context.close(promise: nil)
        case .keepAlive, .keepAliveAnnounced:
            writeBytes(bytes)
            takeWaiting()
            endIfBroken()
            if !isReading { beginHeadIfBytesCame() }
        }
    }

    private func refused(_ id: RequestID, _ reply: Reply) -> RefusedRequest {
        RefusedRequest(
            id: id,
            time: arrival ?? .now(),
            client: head?.client ?? client,
            connection: connection,
            certificate: certificate,
            head: head,
            path: head.map { responder.loggable($0.target) },
            body: body,
            reply: reply
        )
    }

    private func writeBytes(_ bytes: ByteBuffer) {
        guard let context else { return }
        context.write(wrapOutboundOut(bytes), promise: nil)
        needsFlush = true
        if !isReading, !isDrainingWaiting { flushIfNeeded() }
    }

    private func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    /// Takes up pipelined parts until a request is in work again.
    private func takeWaiting() {
        // `send` calls this for every reply; the outermost call works the list off, so depth stays constant.
        guard !isDrainingWaiting, !waiting.isEmpty else { return }
        isDrainingWaiting = true
        while taken < waiting.count, !state.isBusy, context != nil, isWritable {
            let part = waiting[taken]
            taken += 1
            take(part)
        }
        // `send` empties the list when it closes.
        waiting.removeFirst(min(taken, waiting.count))
        taken = 0
        isDrainingWaiting = false
        if !isReading { flushIfNeeded() }
        resumeReading()
    }

    /// Refuses what stands behind the last whole request, when that is answered.
    private func endIfBroken() {
        guard let failure, waiting.isEmpty, !state.isBusy, !isDrainingWaiting, state.failed() else { return }
        refuse(failure)
    }

    private func resumeReading() {
        guard readHeldBack, waiting.count < HTTP1Handler.maxWaitingParts, let context, isWritable else {
            return
        }
        readHeldBack = false
        context.read()
    }

    private func loggedTarget() -> (method: String, path: String)? {
        guard let target else { return nil }
        return (target.method, responder.loggable(target.text))
    }

    // MARK: Time

    /// Sets the deadline of the phase that begins.
    private func phaseBegan() {
        deadline = state.allowance.map { now + $0 } ?? .distantFuture
        // In a read cycle the request may be whole before the cycle ends: then no timer is needed.
        if !isReading { armIfSooner() }
    }

    private func armIfSooner() {
        guard let context else { return }
        timer.arm(min(deadline, writeDeadline), on: context.eventLoop) { self.timerFired() }
    }

    private func timerFired() {
        guard let context else { return }
        let now = now
        if writeDeadline <= now {
            writeDeadline = .distantFuture
            context.close(promise: nil)
        } else if deadline <= now {
            deadline = .distantFuture
            switch state.deadlinePassed() {
            case .refuse(let reason): refuse(reason)
            case .closeSilently: context.close(promise: nil)
            case .nothing: break
            }
        }
        armIfSooner()
    }

    // MARK: Events

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            writeDeadline = .distantFuture
            takeWaiting()
            endIfBroken()
            beginHeadIfBytesCame()
            resumeReading()
        } else {
            // The peer does not read: it has this long to begin again.
            writeDeadline = now + state.writeAllowance
            armIfSooner()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            // A client that says nothing more still gets the replies that it is owed.
            end(context, state.inputEnded(hasMore: !waiting.isEmpty))
        } else if event is ChannelShouldQuiesceEvent {
            end(context, state.quiesce(hasMore: !waiting.isEmpty))
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func end(_ context: ChannelHandlerContext, _ action: ConnectionState.QuiesceAction) {
        switch action {
        case .close: close(context)
        case .finishFirst: if case .idle = state.phase { phaseBegan() }
        }
    }

    /// Ends it behind the replies that were written in this read cycle.
    private func close(_ context: ChannelHandlerContext) {
        flushIfNeeded()
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        log.failed(client: client, error: error)
        guard let parserError = error as? HTTPParserError else {
            // TLS or the socket.
            context.close(promise: nil)
            return
        }
        switch parserError {
        // The client left in the middle of a request; those before it are answered.
        case .invalidEOFState: if !state.isBusy { close(context) }
        case .headerOverflow: failParsing(.headerTooLarge)
        case .invalidVersion: failParsing(.unsupportedVersion)
        case .unexpectedContentLength, .invalidContentLength, .invalidChunkSize, .lfExpected, .invalidHeaderToken,
            .strictModeAssertion, .unknown:
            failParsing(.ambiguousFraming)
        default: failParsing(.malformedRequest)
        }
    }

    private func failParsing(_ reason: ReasonCode) {
        // A request in work is answered first: its reply is owed, and it is the last.
        guard waiting.isEmpty else {
            failure = reason
            return
        }
        guard !state.isBusy else { return state.endAfterReply() }
        if state.failed() { refuse(reason) }
    }
}

@available(*, unavailable)
extension HTTP1Handler: Sendable {}
