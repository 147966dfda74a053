import NIOCore
import NIOHTTP1

/// Has plaintext parsed by NIO's HTTP/1 request decoder under the limits of a listener, and tells when a request begins.
///
/// llhttp reports a head only when it is whole. The deadline of a slow head starts with its first byte, so somebody
/// has to see that byte. NIO's `ByteToMessageHandler` would do the feeding too; it serves decoders that want bytes again
/// or write, and costs more than what is left of that here.
final class RequestDecoder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPServerRequestPart

    /// Shared with the handler behind, which resets it when a request ends.
    final class Progress {
        /// True once bytes have arrived since the last reset.
        var sawBytes = false
        /// Whether another request may follow the one that has ended, and nothing of it is known: the parser is anybody's.
        var isBetweenRequests = false
    }

    private enum State {
        case waiting
        /// What is being handed on may close the channel; the parser must not be entered twice.
        case decoding
        /// The bytes are no HTTP, or have ended; whatever still comes is dropped.
        case ended
    }

    private let parsers: RequestParsers
    /// Borrowed from them while a request comes in.
    private var decoder: HTTPRequestDecoder?
    private let progress: Progress
    /// What llhttp cannot hand on yet: at most a head, with the white space that counts nowhere else.
    private var partial = ByteBuffer()
    private let maxPartialBytes: Int
    /// What came while the parser was at work, because somebody behind it asked for more.
    private var late = ByteBuffer()
    private var state = State.waiting

    init(limits: EdgeLimits, parsers: RequestParsers, progress: Progress) {
        maxPartialBytes = 2 * limits.maxHeaderBytes
        self.parsers = parsers
        self.progress = progress
    }

    func handlerAdded(context: ChannelHandlerContext) {
        parsers.enter()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state = .ended
        giveBack(isClean: false, context)
        parsers.leave(context)
    }

    private func giveBack(isClean: Bool, _ context: ChannelHandlerContext) {
        guard let decoder else { return }
        self.decoder = nil
        parsers.giveBack(decoder, isClean: isClean, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch state {
        case .waiting: break
        case .decoding:
            late.writeBuffer(&bytes)
            return
        case .ended: return
        }
        parse(context, &bytes)
        while case .waiting = state, late.readableBytes > 0 {
            var bytes = late
            late = ByteBuffer()
            parse(context, &bytes)
        }
    }

    /// Parses what was left before, and these bytes.
    private func parse(_ context: ChannelHandlerContext, _ bytes: inout ByteBuffer) {
        if partial.readableBytes > 0 {
            partial.writeBuffer(&bytes)
            swap(&bytes, &partial)
        }
        let decoder = decoder ?? parsers.take(context)
        self.decoder = decoder
        progress.isBetweenRequests = false
        decode(context, bytes) { bytes throws in
            // An empty line before a request belongs to none (RFC 9112, section 2.2).
            if bytes.readableBytesView.contains(where: { $0 != 0x0D && $0 != 0x0A }) { self.progress.sawBytes = true }
            _ = try decoder.decode(context: context, buffer: &bytes)
            // A request that ended in between has reset it; what llhttp left is the beginning of the next.
            if bytes.readableBytes > 0 { self.progress.sawBytes = true }
            if bytes.readableBytes > self.maxPartialBytes { throw HTTPParserError.headerOverflow }
        }
        guard case .waiting = state, progress.isBetweenRequests, partial.readableBytes == 0 else { return }
        giveBack(isClean: true, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { end(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// No more bytes will come: what has begun and is not whole is an error.
    private func end(_ context: ChannelHandlerContext) {
        guard case .waiting = state else { return }
        if let decoder {
            decode(context, partial) { bytes throws in
                _ = try decoder.decodeLast(context: context, buffer: &bytes, seenEOF: true)
            }
        }
        state = .ended
    }

    /// Runs the parser over bytes and keeps what it left; after an error it runs no more.
    private func decode(
        _ context: ChannelHandlerContext,
        _ input: consuming ByteBuffer,
        _ body: (inout ByteBuffer) throws -> Void
    ) {
        var bytes = input
        // Kept is only what is left, lest an idle connection hold a receive buffer.
        partial = ByteBuffer()
        state = .decoding
        do {
            try body(&bytes)
            if case .decoding = state { state = .waiting }
            if bytes.readableBytes > 0 { partial = bytes }
        } catch {
            state = .ended
            context.fireErrorCaught(error)
        }
    }
}

@available(*, unavailable)
extension RequestDecoder: Sendable {}
