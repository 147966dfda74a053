package import NIOCore
internal import NIOTLS
package import OpenSSL

/// TLS in a channel: ciphertext below, plaintext above, both as `ByteBuffer`s.
///
/// A shell: `TLSStateMachine` decides, `TLSSession` encrypts, and this performs. Fires `TLSUserEvent`s; errors are
/// `TLSError`s. Closing it says goodbye first (close_notify), so a close takes effect a moment later. The peer's goodbye
/// is answered and ends the connection, but on a channel that allows half-closure it is `ChannelEvent.inputClosed`: the
/// peer has said its last and still reads (RFC 8446, section 6.1). Without traffic the handler holds no buffers. Not Sendable: lives on its channel's event loop.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let tlsContext: TLSContext
    private let serverName: String?
    private let resuming: ResumableSession?
    private let handshakeTimeout: TimeAmount
    private let limits: TLSLimits
    /// Says when a server's handshake may begin; nil: at once.
    private let turns: (line: HandshakeTurns, origin: UInt64)?

    private var machine: TLSStateMachine
    /// Made when the first bytes are due, so that whoever only connects costs nothing.
    private var session: TLSSession?
    private var pending = PendingWrites()
    private var plainHTTP = PlainHTTP()
    private let deadlines: LoopDeadlines
    /// The handshake's deadline or a bound on closing, never both.
    private let timer = LoopDeadlines.Timer()
    private var context: ChannelHandlerContext?
    /// The bytes of one that waits in line after which no more are read from it: more than most hellos.
    private static let mostInLine = 2048
    /// The beginning of a handshake that waits for its turn.
    private var inLine: ByteBuffer?
    /// Whether ciphertext that nobody wrote plaintext for waits in the session: handshake, tickets, answers to new keys.
    private var owesCiphertext: Bool { (session?.waitingCiphertext ?? 0) > 0 }
    /// It waits for the next flush from above, and leaves in one piece with that: what it came with asks for a reply.
    private var joinsReply = false
    /// A read that somebody asked for has brought no plaintext yet.
    private var owesPlaintext = false

    init(
        context: TLSContext,
        serverName: String? = nil,
        resuming: ResumableSession? = nil,
        handshakeTimeout: TimeAmount,
        limits: TLSLimits,
        turns: (line: HandshakeTurns, origin: UInt64)? = nil,
        deadlines: LoopDeadlines = LoopDeadlines()
    ) {
        tlsContext = context
        self.serverName = serverName
        self.resuming = resuming
        self.handshakeTimeout = handshakeTimeout
        self.limits = limits
        self.turns = turns
        self.deadlines = deadlines
        machine = TLSStateMachine(limits: limits)
    }

    // MARK: Life

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        let (error, promise) = machine.disconnected()
        tearDown(failingWritesWith: ChannelError.ioOnClosedChannel)
        promise?.succeed(())
        if let error { context.fireErrorCaught(error) }
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        let (_, promise) = machine.disconnected()
        tearDown(failingWritesWith: ChannelError.ioOnClosedChannel)
        promise?.succeed(())
        self.context = nil
    }

    private func start(_ context: ChannelHandlerContext) {
        guard machine.connected() else { return }
        setTimer(handshakeTimeout)
        if tlsContext.role == .client {
            shakeHands(context)
            sendOwedCiphertext(context)
        }
        context.read()
    }

    private func tearDown(failingWritesWith error: any Error) {
        deadlines.cancel(timer)
        session = nil
        inLine = nil
        failPendingWrites(error)
    }

    // MARK: Inbound

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let ciphertext = unwrapInboundIn(data)
        switch machine.arrived(ciphertext.readableBytes) {
        case .handshake:
            plainHTTP.look(at: ciphertext.readableBytesView)
            if inLine != nil {
                inLine?.writeImmutableBuffer(ciphertext)
            } else if session == nil, let turns, !turns.line.ask(self, from: turns.origin, on: context.eventLoop) {
                inLine = ciphertext
            } else {
                shakeHands(context, ciphertext)
            }
        case .decrypt:
            session?.receive(ciphertext)
            decrypt(context)
        case .drop:
            break
        case .close(let promise):
            close(context, promise)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        sendOwedCiphertext(context)
        context.fireChannelReadComplete()
        readOn(context)
    }

    /// Reads where records came in part and whoever asked for a read is still waiting, or what is read is for ourselves.
    private func readOn(_ context: ChannelHandlerContext) {
        guard owesPlaintext || machine.readsForItself, !isLineFull else { return }
        context.read()
    }

    /// Whether as much waits in line as may: the rest stays with the kernel, whoever asks.
    ///
    /// Most clients say nothing behind their hello, and not to stop reading from them saves two system calls.
    private var isLineFull: Bool { (inLine?.readableBytes ?? 0) >= TLSHandler.mostInLine }

    /// Begins the handshake that waited in line, if the client is still there.
    func takeTurn() {
        guard let context, let hello = inLine, machine.isShakingHands else { return }
        inLine = nil
        shakeHands(context, hello)
        sendOwedCiphertext(context)
        readOn(context)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            switch machine.inputEnded() {
            case .report(let error): context.fireErrorCaught(error)
            case .fail(let error): fail(context, error)
            case .close(let promise): close(context, promise)
            case .wait: break
            case .ignore: return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func shakeHands(_ context: ChannelHandlerContext, _ ciphertext: ByteBuffer? = nil) {
        var step = TLSSession.Step.needsInput
        do {
            if session == nil {
                session = try TLSSession(
                    context: tlsContext,
                    serverName: serverName,
                    resuming: resuming,
                    allocator: context.channel.allocator
                )
            }
            if let ciphertext { session?.receive(ciphertext) }
            step = session?.handshake() ?? .needsInput
        } catch {
            step = .failed([error])
        }
        let action = machine.shookHands(step, isPlainHTTP: tlsContext.role == .server && plainHTTP.isRecognised)
        switch action {
        case .wait:
            break
        case .complete:
            completeHandshake(context)
        case .fail(.plaintextHTTP):
            session = nil
            let reply = context.channel.allocator.buffer(string: PlainHTTP.reply)
            fail(context, .plaintextHTTP, saying: reply)
        case .fail(let error):
            fail(context, error)
        }
    }

    private func completeHandshake(_ context: ChannelHandlerContext) {
        deadlines.cancel(timer)
        let chosen = session?.negotiatedProtocol
        context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: chosen))
        if machine.encryptsOnFlush && pending.hasFlushed {
            encrypt(context)
            context.flush()
        }
        // Also where nothing came behind the handshake: OpenSSL gives its read buffer back when it finds no more.
        if machine.isOpen { decrypt(context) }
    }

    private func decrypt(_ context: ChannelHandlerContext) {
        var plaintext = ByteBuffer()
        let before = session?.waitingCiphertext ?? 0
        let step = session?.read(into: &plaintext) ?? .needsInput
        let unasked = (session?.waitingCiphertext ?? 0) - before
        if plaintext.readableBytes > 0 {
            // Before the end of the connection is told: a request that came with a goodbye is still a request.
            owesPlaintext = false
            // A ticket and the reply behind it leave together.
            joinsReply = before > 0
            context.fireChannelRead(wrapInboundOut(plaintext))
        }
        let halfCloses = step == .peerClosed && TLSHandler.allowsHalfClosure(context.channel)
        perform(machine.decrypted(step, unasked: unasked, allowsHalfClosure: halfCloses), context)
    }

    private static func allowsHalfClosure(_ channel: any Channel) -> Bool {
        // A channel without the option does not know half-closure.
        (try? channel.syncOptions?.getOption(.allowRemoteHalfClosure)) ?? false
    }

    private func perform(_ action: TLSStateMachine.ReadAction, _ context: ChannelHandlerContext) {
        switch action {
        case .wait:
            break
        case .sayGoodbye:
            context.fireUserInboundEventTriggered(TLSUserEvent.shutdownCompleted)
            sayGoodbye(context)
        case .reportInputEnd:
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .fail(let error):
            fail(context, error)
        }
    }

    /// What the handshake came to; nil before.
    package var negotiated: (version: String, suite: String, isResumed: Bool)? {
        guard machine.isOpen, let version = session?.version, let suite = session?.suite,
            let isResumed = session?.isResumed
        else { return nil }
        return (version, suite, isResumed)
    }

    /// The short fingerprint of the certificate that was served; nil before the handshake, and at a client's end.
    package var servedFingerprint: String? { machine.isOpen ? session?.servedFingerprint : nil }

    /// What the peer has shown, its own certificate first; nil before the handshake, and of a peer that showed none.
    package var peerChain: CertificateChain? { machine.isOpen ? session?.peerChain : nil }

    /// The OCSP response that the server has stapled, unread.
    package var stapledResponse: [UInt8]? { machine.isOpen ? session?.stapledResponse : nil }

    /// What a later connection to the same server may resume; nil before the server has given a ticket.
    package var resumable: ResumableSession? { machine.isOpen ? session?.resumable : nil }

    // MARK: Outbound

    package func read(context: ChannelHandlerContext) {
        owesPlaintext = true
        guard !isLineFull else { return }
        context.read()
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch machine.wrote() {
        case .keep: pending.append(unwrapOutboundIn(data), promise: promise)
        case .refuse(let error): promise?.fail(error)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        pending.flush()
        if machine.encryptsOnFlush && pending.hasFlushed { encrypt(context) } else { writeOwedCiphertext(context) }
        joinsReply = false
        context.flush()
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all:
            switch machine.closeRequested(promise) {
            case .sayGoodbye: sayGoodbye(context)
            case .close(let promise): close(context, promise)
            case .wait: break
            }
        case .output:
            closeOutput(context, promise)
        case .input:
            // Dropping the peer's plaintext unread is possible, but nobody here wants it.
            promise?.fail(ChannelError.operationUnsupported)
        }
    }

    private func closeOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard machine.closeOutputRequested() else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        failPendingWrites(ChannelError.outputClosed)
        session?.close()
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: promise) }
        writeCiphertext(context, sent)
    }

    /// Encrypts what was flushed into one buffer and writes it; the caller flushes.
    private func encrypt(_ context: ChannelHandlerContext) {
        let segments = pending.takeFlushed()
        session?.expectPlaintext(segments.reduce(0) { $0 + $1.plaintext.readableBytes })
        var promise: EventLoopPromise<Void>?
        for segment in segments {
            promise.setOrCascade(to: segment.promise)
        }
        for segment in segments {
            let step = session?.write(segment.plaintext) ?? .done
            guard step == .done else {
                let reasons = if case .failed(let reasons) = step { reasons } else { [OpenSSLError]() }
                promise?.fail(TLSError.connectionFailed(reasons))
                perform(machine.writeFailed(reasons), context)
                return
            }
        }
        context.write(wrapOutboundOut(session?.takeCiphertext() ?? ByteBuffer()), promise: promise)
    }

    private func sendOwedCiphertext(_ context: ChannelHandlerContext) {
        guard owesCiphertext, !joinsReply else { return }
        writeOwedCiphertext(context)
        context.flush()
    }

    private func writeOwedCiphertext(_ context: ChannelHandlerContext) {
        guard let ciphertext = session?.takeCiphertext() else { return }
        context.write(wrapOutboundOut(ciphertext), promise: nil)
    }

    private func writeCiphertext(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>) {
        context.writeAndFlush(wrapOutboundOut(session?.takeCiphertext() ?? ByteBuffer()), promise: promise)
    }

    private func failPendingWrites(_ error: any Error) {
        for segment in pending.takeAll() { segment.promise?.fail(error) }
    }

    // MARK: Closing

    /// Ends the connection for `error`, with OpenSSL's alert or `reply` as the last bytes.
    private func fail(_ context: ChannelHandlerContext, _ error: TLSError, saying reply: ByteBuffer? = nil) {
        failPendingWrites(error)
        context.fireErrorCaught(error)
        sendLastBytes(context, reply ?? session?.takeCiphertext())
    }

    private func sayGoodbye(_ context: ChannelHandlerContext) {
        failPendingWrites(ChannelError.outputClosed)
        session?.close()
        sendLastBytes(context, session?.takeCiphertext())
    }

    private func sendLastBytes(_ context: ChannelHandlerContext, _ bytes: ByteBuffer?) {
        deadlines.cancel(timer)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { result in
            let isSent = if case .success = result { true } else { false }
            switch self.machine.lastBytesSent(successfully: isSent) {
            case .linger: self.linger(context)
            case .close(let promise): self.close(context, promise)
            case .wait: break
            }
        }
        context.writeAndFlush(wrapOutboundOut(bytes ?? ByteBuffer()), promise: sent)
        if machine.isSendingLastBytes { setTimer(limits.flushTimeout) }
    }

    private func linger(_ context: ChannelHandlerContext) {
        setTimer(limits.lingerTimeout)
        context.close(mode: .output, promise: nil)
        if machine.isLingering { context.read() }
    }

    private func close(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        deadlines.cancel(timer)
        failPendingWrites(ChannelError.ioOnClosedChannel)
        context.close(mode: .all, promise: promise)
    }

    // MARK: Time

    private func setTimer(_ amount: TimeAmount) {
        guard let context else { return }
        deadlines.set(timer, to: context.eventLoop.now + amount, on: context.eventLoop) { self.deadlinePassed() }
    }

    private func deadlinePassed() {
        guard let context else { return }
        switch machine.timerFired() {
        case .timeOut(let error):
            failPendingWrites(error)
            context.fireErrorCaught(error)
            context.close(mode: .all, promise: nil)
        case .close(let promise):
            close(context, promise)
        case .wait:
            break
        }
    }
}

@available(*, unavailable)
extension TLSHandler: Sendable {}
