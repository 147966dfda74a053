import NIOCore
import NIOHTTP1

/// NIO's HTTP/1 request decoder under the limits of a listener, which also tells when a request has begun.
///
/// llhttp reports a head only when it is whole. The deadline of a slow head starts with its first byte, so somebody
/// has to see that byte.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    /// Shared with the handler behind, which resets it when a request ends.
    final class Progress {
        /// True once bytes have arrived since the last reset.
        var sawBytes = false
    }

    private let decoder: HTTPRequestDecoder
    private let progress: Progress

    init(limits: EdgeLimits, progress: Progress) {
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldCount = limits.maxHeaderFields
        bounds.maxHeaderListSize = limits.maxHeaderBytes
        bounds.maxHeaderFieldSize = limits.maxHeaderBytes
        decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: bounds)
        self.progress = progress
    }

    func decoderAdded(context: ChannelHandlerContext) {
        decoder.decoderAdded(context: context)
    }

    func decoderRemoved(context: ChannelHandlerContext) {
        decoder.decoderRemoved(context: context)
    }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        // An empty line before a request belongs to none (RFC 9112, section 2.2).
        if buffer.readableBytesView.contains(where: { $0 != 0x0D && $0 != 0x0A }) { progress.sawBytes = true }
        let state = try decoder.decode(context: context, buffer: &buffer)
        // A request that ended in between has reset it; what llhttp left is the beginning of the next.
        if buffer.readableBytes > 0 { progress.sawBytes = true }
        return state
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try decoder.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }
}

@available(*, unavailable)
extension RequestDecoder: Sendable {}
