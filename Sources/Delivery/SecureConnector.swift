internal import NIOCore
internal import NIOTLS
internal import OpenSSL
internal import TLS

/// Makes TLS connections to a destination: a connection is there when its certificate was found to be good.
///
/// Lives on one event loop. Remembers the last session, so that a connection after the first costs no signature.
final class SecureConnector {
    private let tls: DestinationTLS
    private let timeout: TimeAmount
    private var session: ResumableSession?

    init(_ tls: DestinationTLS, timeout: TimeAmount) {
        self.tls = tls
        self.timeout = timeout
    }

    /// Adds TLS to a new channel, before whatever speaks HTTP on it.
    ///
    /// - Throws: when the channel is closed already.
    func install(on channel: any Channel) throws {
        let handler = TLSClientHandler(
            context: tls.context,
            serverName: tls.serverName,
            resuming: session,
            handshakeTimeout: timeout
        )
        let gate = TLSGate(handler, pins: tls.pins, ready: channel.eventLoop.makePromise()) { self.session = $0 }
        try channel.pipeline.syncOperations.addHandlers([handler, gate])
    }

    /// The channel, once the handshake is over.
    func ready(_ channel: any Channel) -> EventLoopFuture<any Channel> {
        do {
            let gate = try channel.pipeline.syncOperations.handler(type: TLSGate.self)
            return gate.ready.futureResult.map { channel }
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }
}

@available(*, unavailable)
extension SecureConnector: Sendable {}

/// Lets nothing through before the handshake, and nobody whose key is not pinned where some are.
private final class TLSGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    let ready: EventLoopPromise<Void>
    private let handler: TLSHandler
    private let pins: [Digest]
    private let keep: (ResumableSession) -> Void
    private var isOpen = false
    private var hasKept = false

    init(
        _ handler: TLSHandler,
        pins: [Digest],
        ready: EventLoopPromise<Void>,
        keep: @escaping (ResumableSession) -> Void
    ) {
        self.handler = handler
        self.pins = pins
        self.ready = ready
        self.keep = keep
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            if isPinned {
                isOpen = true
                ready.succeed()
            } else {
                ready.fail(UnpinnedKey())
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private var isPinned: Bool {
        guard !pins.isEmpty else { return true }
        guard let pin = try? handler.peerCertificate?.publicKeyPin() else { return false }
        return pins.contains(pin)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The ticket of TLS 1.3 comes behind the handshake; with the first response it is there.
        if !hasKept, let session = handler.resumable {
            hasKept = true
            keep(session)
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard isOpen else {
            ready.fail(error)
            context.close(promise: nil)
            return
        }
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ready.fail(TLSError.closedDuringHandshake)
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension TLSGate: Sendable {}

/// The destination's key is none of those that are pinned.
struct UnpinnedKey: Error {}
