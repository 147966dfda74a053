import NIOCore
import NIOHPACK
import NIOHTTP2
import Webhooks

/// Serves one HTTP/2 connection (RFC 9113): the same limits, replies and log lines as HTTP/1.1, for many streams.
///
/// It reads whole frames that `NIOHTTP2Handler` found to be in order, without a channel for each stream. The connection's
/// window is given back only when a request is whole, so that all that a client makes us keep fits into that window.
final class HTTP2Handler: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = Never
    typealias OutboundIn = Never
    typealias OutboundOut = HTTP2Frame

    let loop: EdgeLoop
    private let shared: SharedLimits
    var limits: EdgeLimits { shared.values }
    let client: ClientAddress
    /// How a listed proxy names the client of each request; nil when the peer is none.
    let forwarding: ForwardingRules?
    let connection: ConnectionOrigin
    let certificate: ClientCertificate?
    let log: EdgeLog
    let budget: FrameGuard

    private var context: ChannelHandlerContext?
    var exchanges = HTTP2Exchanges()
    /// The last stream that the client has begun.
    var lastStream = HTTP2StreamID.rootStream
    /// Somebody let in posts here: the connection may be kept for the next push.
    private var isTrusted = false
    /// A reply is written, and with it the name of our field.
    private var hasReplied = false
    private var ending = Ending.no
    /// The client says nothing more.
    private var hasInputEnded = false
    private var isWritable = true
    private var readHeldBack = false
    /// NIO has ended the connection for an error.
    private var isCondemned = false
    private var window: HTTP2Window
    /// When the read cycle began; inside it frames are joined into one flush.
    private var cycleTime: NIODeadline?
    private var needsFlush = false
    /// The end of a connection without requests.
    private var idleDeadline = NIODeadline.distantFuture
    private var writeDeadline = NIODeadline.distantFuture
    private let timer: LazyTimer

    private enum Ending {
        case no
        /// The client was asked to begin no more streams, and has perhaps not heard it yet.
        case announced(NIODeadline)
        /// The connection ends with the last of the streams that there are.
        case afterStreams
        case closed
    }

    init(
        loop: EdgeLoop,
        limits: SharedLimits,
        client: ClientAddress,
        connection: ConnectionOrigin,
        certificate: ClientCertificate?,
        budget: FrameGuard,
        log: EdgeLog
    ) {
        self.loop = loop
        timer = LazyTimer(loop.deadlines)
        shared = limits
        window = HTTP2Window(size: HTTP2Bounds(limits.values).window)
        self.client = client
        forwarding = limits.values.forwarding.believes(client) ? limits.values.forwarding : nil
        self.connection = connection
        self.certificate = certificate
        self.budget = budget
        self.log = log
    }

    /// The loop's clock, which tests move by hand; read once for all that comes in one read cycle.
    var now: NIODeadline { cycleTime ?? context?.eventLoop.now ?? .now() }

    // MARK: Life of the handler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        giveWindow(window.open())
        becameIdle()
        settle()
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
        exchanges.removeAll()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .closed = ending { return }
        if cycleTime == nil { cycleTime = context.eventLoop.now }
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let head):
            if let exchange = exchanges[frame.streamID] {
                // Trailers, which nobody here reads.
                guard head.endStream, HTTP2Request.areTrailers(head.headers) else { return reset(exchange) }
                end(exchange)
            } else {
                begin(frame.streamID, head)
            }
        case .data(let piece):
            if let exchange = exchanges[frame.streamID] { take(piece, of: exchange) }
        case .goAway:
            // Nothing new will come from there.
            ending = .afterStreams
        case .ping(_, ack: true):
            if case .announced = ending { stopStreams() }
        case .ping, .rstStream, .settings, .windowUpdate, .priority, .pushPromise, .alternativeService, .origin:
            // NIO has done what there is to do.
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        cycleTime = nil
        settle()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if isWritable { context.read() } else { readHeldBack = true }
    }

    // MARK: Replying

    func refuse(_ reason: ReasonCode, _ exchange: HTTP2Exchange) {
        send(.refusal(reason), exchange)
    }

    func send(_ reply: Reply, _ exchange: HTTP2Exchange) {
        // As the one says that has its route, which may be gone by now.
        let responder = exchange.responder ?? loop.responder
        let target = exchange.target.map { (method: $0.method, path: responder.loggable($0.text)) }
        guard context != nil, exchanges.contains(exchange) else {
            loop.counts.clientLeft()
            return log.abandoned(exchange.id, client: exchange.client ?? client, target: target, reply: reply)
        }
        let took = now - exchange.arrival
        loop.counts.replied(reply, route: exchange.route, took: Int(took.nanoseconds))
        if log.isOn {
            log.replied(exchange.id, client: exchange.client ?? client, target: target, reply: reply, took: took)
        }
        if reply.status < 300 { isTrusted = true }
        if let reason = reply.reason, let keeper = loop.keeper, keeper.wants(reason, at: now) {
            keeper.keep(refused(exchange, reply))
        }
        exchange.replied()
        exchange.deadline = now + limits.writeTimeout
        let hasContent = reply.body.readableBytes > 0 && !exchange.isHead
        let fields = loop.writer.fields(of: reply, to: exchange.id, isFirst: !hasReplied)
        hasReplied = true
        write(exchange.stream, .headers(.init(headers: fields, endStream: !hasContent)))
        if hasContent {
            let sent = exchange.isWhole ? nil : context?.eventLoop.makePromise(of: Void.self)
            // Not before the reply is out: NIO forgets what of a stream waits for a flush or a window when it is reset.
            sent?.futureResult.assumeIsolated().whenSuccess { self.dropRest(of: exchange) }
            let content = reply.content(for: exchange.id)
            write(exchange.stream, .data(.init(data: .byteBuffer(content), endStream: true)), promise: sent)
        } else if !exchange.isWhole {
            dropRest(of: exchange)
        }
        settle()
    }

    /// The rest of the content is not wanted, and that is no error (RFC 9113, section 8.1).
    private func dropRest(of exchange: HTTP2Exchange) {
        guard !exchange.isWhole, exchanges.contains(exchange) else { return }
        write(exchange.stream, .rstStream(.noError))
        settle()
    }

    private func refused(_ exchange: HTTP2Exchange, _ reply: Reply) -> RefusedRequest {
        let responder = exchange.responder ?? loop.responder
        return RefusedRequest(
            id: exchange.id,
            time: exchange.head?.arrival ?? .now(),
            client: exchange.head?.client ?? client,
            connection: connection,
            certificate: certificate,
            head: exchange.head,
            path: exchange.head.map { responder.loggable($0.target) },
            body: exchange.body,
            reply: reply
        )
    }

    /// Resets what waits for a window that a client which says nothing more cannot open.
    private func dropUntakable() {
        for exchange in exchanges.filter(\.isReplied) { write(exchange.stream, .rstStream(.cancel)) }
        context?.flush()
    }

    func write(
        _ stream: HTTP2StreamID,
        _ payload: HTTP2Frame.FramePayload,
        promise: EventLoopPromise<Void>? = nil
    ) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        needsFlush = true
        context.write(wrapOutboundOut(HTTP2Frame(streamID: stream, payload: payload)), promise: promise)
    }

    /// Ends whatever was done: what came in one read cycle is answered in one flush.
    private func settle() {
        guard cycleTime == nil, context != nil else { return }
        if let bytes = window.giveBack(holding: heldBytes) { giveWindow(bytes) }
        if needsFlush {
            needsFlush = false
            // Streams may close in here: replies wait in NIO until they are flushed.
            context?.flush()
        }
        if hasInputEnded { dropUntakable() }
        if case .afterStreams = ending, exchanges.isEmpty { close() }
        armIfSooner()
    }

    /// What the client has made us keep.
    var heldBytes: Int { exchanges.heldBytes }

    private func giveWindow(_ bytes: Int) {
        write(.rootStream, .windowUpdate(windowSizeIncrement: bytes))
    }

    // MARK: Ending

    /// A stream is over: both sides have said all, or one has had enough.
    private func closed(_ stream: HTTP2StreamID) {
        if exchanges.remove(stream), exchanges.isEmpty { becameIdle() }
    }

    private func becameIdle() {
        let allowance = isTrusted ? limits.idleTimeout : min(limits.idleTimeout, limits.headerTimeout)
        idleDeadline = now + allowance
    }

    /// The gateway is going down: the client is told, and what it has begun until it hears that is answered.
    private func quiesce() {
        guard case .no = ending else { return }
        ending = .announced(now + .seconds(1))
        budget.announceEnd()
        write(.rootStream, .ping(HTTP2PingData(withInteger: 0), ack: false))
        settle()
    }

    private func stopStreams() {
        ending = .afterStreams
        sayGoodbye(.noError, last: lastStream)
    }

    private func sayGoodbye(_ reason: HTTP2ErrorCode, last: HTTP2StreamID) {
        write(.rootStream, .goAway(lastStreamID: last, errorCode: reason, opaqueData: nil))
    }

    func flooded() {
        sayGoodbye(.enhanceYourCalm, last: lastStream)
        close()
    }

    private func close() {
        ending = .closed
        context?.flush()
        context?.close(promise: nil)
    }

    // MARK: Time

    private func armIfSooner() {
        guard let context else { return }
        var due = min(writeDeadline, exchanges.isEmpty ? idleDeadline : exchanges.deadline)
        if let began = budget.headBegan { due = min(due, began + limits.headerTimeout) }
        if case .announced(let end) = ending { due = min(due, end) }
        timer.arm(due, on: context.eventLoop) { self.timerFired() }
    }

    private func timerFired() {
        guard context != nil else { return }
        let now = now
        if writeDeadline <= now {
            writeDeadline = .distantFuture
            return close()
        }
        if case .announced(let end) = ending, end <= now { stopStreams() }
        for exchange in exchanges.filter({ $0.deadline <= now }) { passed(exchange) }
        let isIdle = exchanges.isEmpty && idleDeadline <= now
        let isSlow = budget.headBegan.map { $0 + limits.headerTimeout <= now } ?? false
        if isIdle || isSlow, context != nil {
            sayGoodbye(.noError, last: lastStream)
            return close()
        }
        settle()
    }

    private func passed(_ exchange: HTTP2Exchange) {
        switch exchange.phase {
        case .reading, .draining: refuse(.bodyTimeout, exchange)
        // The client does not take its reply.
        case .replied: write(exchange.stream, .rstStream(.cancel))
        case .responding: break
        }
    }

    // MARK: Events

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            writeDeadline = .distantFuture
            if readHeldBack {
                readHeldBack = false
                context.read()
            }
        } else {
            // The peer does not read: it has this long to begin again.
            writeDeadline = now + limits.writeTimeout
            armIfSooner()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch HTTP2StreamEvent(event) {
        case .closed(let stream): return closed(stream)
        case .window(let left): return window.counted(left)
        case .other: return
        case nil: break
        }
        switch event {
        case ChannelEvent.inputClosed:
            // A client that says nothing more still gets the replies that it is owed.
            for exchange in exchanges.filter({ !$0.isWhole }) { write(exchange.stream, .rstStream(.cancel)) }
            ending = .afterStreams
            hasInputEnded = true
            settle()
        default:
            if event is ChannelShouldQuiesceEvent { quiesce() }
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        log.failed(client: client, error: error)
        if case .closed = ending { return }
        if error is HTTP2Flood {
            flooded()
        } else if isCondemned || !(error is any NIOHTTP2Error) {
            // NIO has said goodbye; or it is TLS or the socket.
            close()
        }
        // Else a stream, which NIO has reset.
    }
}

extension HTTP2Handler: NIOHTTP2FrameDelegate {
    /// What tells an error of the connection from one of a stream: only that one is followed by a goodbye of NIO's own.
    func wroteFrame(_ frame: HTTP2Frame) {
        if case .goAway(_, let reason, _) = frame.payload, reason != .noError { isCondemned = true }
    }
}

@available(*, unavailable)
extension HTTP2Handler: Sendable {}
