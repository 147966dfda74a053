import NIOCore
import NIOHTTP1

/// NIO's HTTP/1 response decoder within bounds, told directly when a response is due.
///
/// Requests leave as finished bytes, so nothing passes the decoder on the way out that it could learn the method from.
final class ResponseDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPClientResponsePart

    /// Fields and bytes of a response's header section: what an edge takes from strangers, a backend may send too.
    private static let bounds: NIOHTTPDecoderLimitConfiguration = {
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldCount = 100
        bounds.maxHeaderListSize = 32 * 1024
        bounds.maxHeaderFieldSize = 32 * 1024
        return bounds
    }()

    private static let requestHead = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")

    private let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: bounds)
    /// True once bytes have come since the last request.
    private(set) var sawBytes = false

    /// A request is being sent: bytes from now on are its response.
    func expectResponse() {
        sawBytes = false
        decoder.write(data: .head(ResponseDecoder.requestHead))
    }

    func decoderAdded(context: ChannelHandlerContext) {
        decoder.decoderAdded(context: context)
    }

    func decoderRemoved(context: ChannelHandlerContext) {
        decoder.decoderRemoved(context: context)
    }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        if buffer.readableBytes > 0 { sawBytes = true }
        return try decoder.decode(context: context, buffer: &buffer)
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        if buffer.readableBytes > 0 { sawBytes = true }
        return try decoder.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }
}

@available(*, unavailable)
extension ResponseDecoder: Sendable {}
