import NIOCore
import NIOHTTP2
import NIOTLS
import TLS
import Webhooks

/// Stands behind TLS until the handshake is done, then puts the protocol that was agreed on before itself.
///
/// Whoever only connects, or never finishes the handshake, costs no HTTP. It stays, last in the pipeline and with
/// nothing to do, to tell when the connection ends.
final class HandshakeHandler: ChannelInboundHandler {
    typealias InboundIn = Never

    /// How long a handshake may still take once the gateway goes down.
    private static let quiescingAllowance = TimeAmount.seconds(1)

    private let loop: EdgeLoop
    private let limits: SharedLimits
    private let client: ClientAddress
    private let listener: String
    /// What shakes hands in front of it; nil where there is none, in memory.
    private let tls: TLSServerHandler?
    private let log: EdgeLog
    private var isDone = false
    private var isQuiescing = false

    init(
        loop: EdgeLoop,
        limits: SharedLimits,
        client: ClientAddress,
        listener: String,
        tls: TLSServerHandler?,
        log: EdgeLog
    ) {
        self.loop = loop
        self.limits = limits
        self.client = client
        self.listener = listener
        self.tls = tls
        self.log = log
    }

    func handlerAdded(context: ChannelHandlerContext) {
        loop.counts.connectionOpened()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        isDone = true
        loop.counts.connectionClosed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let chosen)? = event as? TLSUserEvent {
            handshakeCompleted(context, chosen)
        } else if event is ChannelShouldQuiesceEvent, !isDone {
            quiesce(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        log.failed(client: client, error: error)
        if let failure = (error as? TLSError)?.handshakeFailure {
            let now = context.eventLoop.now
            loop.ended(.handshake(failure), words: "\(error)", client: client, listener: listener, at: now)
        }
        context.close(promise: nil)
    }

    private func handshakeCompleted(_ context: ChannelHandlerContext, _ chosen: String?) {
        guard !isDone else { return }
        isDone = true
        let handshake = tls?.handshake
        if let handshake { loop.counts.shookHands(EdgeCounts.Handshake(handshake)) }
        do {
            let isHTTP2 = chosen == "h2"
            let connection = loop.origins.find(listener, http: isHTTP2 ? "2" : "1.1", handshake)
            try addProtocol(context, isHTTP2: isHTTP2, connection, tls.flatMap(ClientCertificate.init))
        } catch {
            // The pipeline is being taken down.
            return context.close(promise: nil)
        }
        if isQuiescing { context.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    private func addProtocol(
        _ context: ChannelHandlerContext,
        isHTTP2: Bool,
        _ connection: ConnectionOrigin,
        _ certificate: ClientCertificate?
    ) throws {
        let pipeline = context.pipeline.syncOperations
        if isHTTP2 {
            let budget = FrameGuard()
            let handler = HTTP2Handler(
                loop: loop,
                limits: limits,
                client: client,
                connection: connection,
                certificate: certificate,
                budget: budget,
                log: log
            )
            try pipeline.addHandler(budget, position: .before(self))
            let frames = HTTP2Bounds(limits.values).makeFrameHandler(delegate: handler)
            try pipeline.addHandler(frames, position: .before(self))
            try pipeline.addHandler(handler, position: .before(self))
        } else {
            let progress = RequestDecoder.Progress()
            let handler = HTTP1Handler(
                loop: loop,
                limits: limits,
                client: client,
                connection: connection,
                certificate: certificate,
                progress: progress,
                log: log
            )
            let decoder = RequestDecoder(
                limits: limits.values,
                parsers: loop.parsers(limits.values),
                progress: progress
            )
            try pipeline.addHandler(decoder, position: .before(self))
            try pipeline.addHandler(handler, position: .before(self))
        }
    }

    /// Whoever has only just connected is about to ask for the first time.
    private func quiesce(_ context: ChannelHandlerContext) {
        isQuiescing = true
        context.eventLoop.assumeIsolated().scheduleTask(in: HandshakeHandler.quiescingAllowance) {
            if !self.isDone { context.close(promise: nil) }
        }
    }
}

@available(*, unavailable)
extension HandshakeHandler: Sendable {}

extension EdgeCounts.Handshake {
    /// What the handshake that has just been completed came to.
    fileprivate init(_ handshake: ConnectionOrigin.Handshake) {
        self =
            switch (handshake.version == "TLSv1.2", handshake.isResumed) {
            case (true, false): .tls12Full
            case (true, true): .tls12Resumed
            case (false, false): .tls13Full
            case (false, true): .tls13Resumed
            }
    }
}

extension ClientCertificate {
    /// What the client has shown in its handshake.
    fileprivate convenience init?(_ tls: TLSServerHandler) {
        guard let peer = tls.peer else { return nil }
        self.init(subject: peer.subject, fingerprint: peer.fingerprint)
    }
}

extension TLSServerHandler {
    /// What the handshake that has just been completed came to.
    fileprivate var handshake: ConnectionOrigin.Handshake? {
        guard let (version, suite, isResumed) = negotiated else { return nil }
        return .init(
            version: version,
            suite: suite,
            isResumed: isResumed,
            certificate: isResumed ? nil : servedFingerprint
        )
    }
}

extension TLSError {
    /// How the metrics name it; nil for what happens behind a handshake.
    fileprivate var handshakeFailure: EdgeCounts.HandshakeFailure? {
        switch self {
        case .handshakeFailed: .failed
        case .handshakeTimedOut: .timedOut
        case .closedDuringHandshake: .left
        case .plaintextHTTP: .plainHTTP
        case .connectionFailed, .tooManyRequestsForKeys, .truncated: nil
        }
    }
}
