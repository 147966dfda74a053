internal import NIOCore
internal import NIOHTTP1

/// The last handler of a connection: passes what was decoded to its `UpstreamConnection`, and drops content.
final class ResponseReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let connection: UpstreamConnection

    init(_ connection: UpstreamConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let status = Int(head.status.code)
            let retryAfter = status < 300 ? nil : head.headers.first(name: "retry-after").flatMap { RetryAfter($0) }
            connection.receivedHead(status: status, keepsAlive: head.isKeepAlive, retryAfter: retryAfter)
        case .body:
            ()
        case .end:
            connection.receivedEnd()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error of the socket comes before the channel goes inactive. It counts at once: the decoder would take the
        // end of a broken connection for the proper end of a response without a length.
        if error is IOError || error is ChannelError {
            connection.failed()
        } else {
            connection.garbled()
        }
    }
}

@available(*, unavailable)
extension ResponseReader: Sendable {}
