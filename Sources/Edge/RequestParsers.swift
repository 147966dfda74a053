import NIOCore
import NIOHTTP1

/// NIO's request decoders that nobody uses at the moment, of one event loop and one set of limits.
///
/// A decoder is 1.2 KiB, and between two requests it knows nothing: a connection borrows one while a request is coming
/// in, and an idle one has none. Not Sendable: used on its event loop only.
final class RequestParsers {
    /// Decoders that are kept; more than that many requests coming in at once are rare.
    private static let most = 64

    private let bounds: NIOHTTPDecoderLimitConfiguration
    private var idle: [HTTPRequestDecoder] = []
    /// Connections that may borrow.
    private var users = 0

    init(_ limits: EdgeLimits) {
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldCount = limits.maxHeaderFields
        bounds.maxHeaderListSize = limits.maxHeaderBytes
        bounds.maxHeaderFieldSize = limits.maxHeaderBytes
        self.bounds = bounds
    }

    /// Decoders that nobody uses.
    var count: Int { idle.count }

    /// Whether no connection may borrow any more; then it holds none either.
    var isUnused: Bool { users == 0 }

    /// A connection begins.
    func enter() { users += 1 }

    /// A connection ends, and has given back what it had.
    ///
    /// With the last one the decoders go: a decoder holds itself until it is removed, which takes a context.
    func leave(_ context: ChannelHandlerContext) {
        users -= 1
        guard users == 0 else { return }
        for decoder in idle { decoder.decoderRemoved(context: context) }
        idle = []
    }

    /// Lends a decoder that stands before a request.
    func take(_ context: ChannelHandlerContext) -> HTTPRequestDecoder {
        if let decoder = idle.popLast() { return decoder }
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: bounds)
        decoder.decoderAdded(context: context)
        return decoder
    }

    /// Takes a decoder back.
    ///
    /// - Parameters:
    ///   - decoder: no longer used by whoever had it.
    ///   - isClean: whether it stands before a request again; otherwise nobody gets it.
    ///   - context: of whoever had it.
    func giveBack(_ decoder: HTTPRequestDecoder, isClean: Bool, _ context: ChannelHandlerContext) {
        if isClean, idle.count < RequestParsers.most {
            idle.append(decoder)
        } else {
            decoder.decoderRemoved(context: context)
        }
    }
}

@available(*, unavailable)
extension RequestParsers: Sendable {}
