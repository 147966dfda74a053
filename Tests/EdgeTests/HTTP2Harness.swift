import Logging
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import NIOTLS
import Webhooks

@testable import Edge

/// One HTTP/2 connection in memory: the edge, and a client of NIO's at the other end.
struct HTTP2Harness {
    /// What the client has got on one stream.
    struct Response: Equatable {
        var statuses: [Int] = []
        var fields: [String: String] = [:]
        var content = ""
        var isWhole = false
        var reset: HTTP2ErrorCode?
    }

    let edge: EdgeHarness
    private let client: EmbeddedChannel
    private let received = FrameLog()
    private let wire = Wire()

    /// - Parameters:
    ///   - limits: of the listener.
    ///   - settings: what the client asks for.
    ///   - keeper: keeps what is refused.
    /// - Throws: what connecting in memory throws.
    init(limits: EdgeLimits = EdgeLimits(), settings: HTTP2Settings = [], keeper: (any RefusalKeeper)? = nil) throws {
        edge = try EdgeHarness(limits: limits, agreed: "h2", keeper: keeper)
        client = EmbeddedChannel(loop: edge.loop)
        // The client is to be able to say what a well-behaved one would not.
        let frames = NIOHTTP2Handler(
            mode: .client,
            initialSettings: settings,
            headerBlockValidation: .disabled,
            contentLengthValidation: .disabled
        )
        try client.pipeline.syncOperations.addHandlers([frames, received])
        try client.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 40_000)).wait()
        try exchange()
    }

    var isOpen: Bool { edge.isOpen }

    /// Carries what was written to the other side, both ways, until nothing is left.
    func exchange() throws {
        var isMoving = true
        while isMoving {
            isMoving = false
            while let bytes = try client.readOutbound(as: IOData.self) {
                isMoving = true
                guard case .byteBuffer(let bytes) = bytes else { continue }
                // Either side may have ended, and a client that was made to misbehave dislike what comes back.
                _ = try? edge.channel.writeInbound(bytes)
            }
            while let bytes = try edge.channel.readOutbound(as: IOData.self) {
                isMoving = true
                guard case .byteBuffer(let bytes) = bytes else { continue }
                wire.bytes.writeImmutableBuffer(bytes)
                _ = try? client.writeInbound(bytes)
            }
        }
    }

    /// Sends frames of one stream, and carries on.
    func send(_ stream: HTTP2StreamID, _ payloads: HTTP2Frame.FramePayload...) throws {
        for payload in payloads {
            client.write(HTTP2Frame(streamID: stream, payload: payload), promise: nil)
        }
        client.flush()
        try exchange()
    }

    /// Sends a whole push.
    func post(
        _ content: String,
        on stream: HTTP2StreamID,
        to target: String = "/hooks",
        fields: [(String, String)] = []
    ) throws {
        try send(stream, .post(to: target, fields), .content(content))
    }

    /// Has something happen at the edge while a push is under way, each side unaware of the other.
    func post(_ content: String, on stream: HTTP2StreamID, crossing event: () -> Void) throws {
        client.write(HTTP2Frame(streamID: stream, payload: .post()), promise: nil)
        client.write(HTTP2Frame(streamID: stream, payload: .content(content)), promise: nil)
        client.flush()
        event()
        try exchange()
    }

    /// Sends bytes as they are; the client, which knows nothing of them, says nothing to what comes back.
    func send(bytes: [UInt8]) throws {
        try edge.channel.writeInbound(ByteBuffer(bytes: bytes))
        while let bytes = try edge.channel.readOutbound(as: IOData.self) {
            guard case .byteBuffer(let bytes) = bytes else { continue }
            wire.bytes.writeImmutableBuffer(bytes)
        }
    }

    /// What has come on a stream.
    func response(on stream: HTTP2StreamID) -> Response {
        var response = Response()
        for frame in received.frames where frame.streamID == stream {
            switch frame.payload {
            case .headers(let head):
                for (name, value, _) in head.headers {
                    if name == ":status" {
                        response.statuses.append(Int(value) ?? 0)
                    } else {
                        response.fields[name] = value
                    }
                }
                response.isWhole = head.endStream
            case .data(let piece):
                if case .byteBuffer(let bytes) = piece.data { response.content += String(buffer: bytes) }
                response.isWhole = piece.endStream
            case .rstStream(let reason):
                response.reset = reason
            default:
                break
            }
        }
        return response
    }

    /// All bytes of the edge.
    var written: [UInt8] { Array(wire.bytes.readableBytesView) }

    /// The reasons of the goodbyes that have come, with the last stream that each names.
    var goodbyes: [(reason: HTTP2ErrorCode, last: HTTP2StreamID)] {
        var bytes = wire.bytes
        var found: [(HTTP2ErrorCode, HTTP2StreamID)] = []
        // RFC 9113, sections 4.1 and 6.8.
        while let head = bytes.readMultipleIntegers(as: (UInt32, UInt8, UInt32).self),
            var payload = bytes.readSlice(length: Int(head.0 >> 8))
        {
            guard head.0 & 0xFF == 7, let goodbye = payload.readMultipleIntegers(as: (UInt32, UInt32).self) else {
                continue
            }
            found.append((HTTP2ErrorCode(networkCode: Int(goodbye.1)), HTTP2StreamID(Int(goodbye.0 & 0x7FFF_FFFF))))
        }
        return found
    }
}

/// All that the edge has written: a client that was made to misbehave may not read to the end.
private final class Wire {
    var bytes = ByteBuffer()
}

/// Keeps what a client has received.
private final class FrameLog: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    var frames: [HTTP2Frame] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { frames.append(unwrapInboundIn(data)) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension HTTP2Frame.FramePayload {
    /// The head of a push.
    static func post(to target: String = "/hooks", _ fields: [(String, String)] = [], ends: Bool = false) -> Self {
        let section: [(String, String)] = [
            (":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", target),
        ]
        return .headers(.init(headers: HPACKHeaders(section + fields), endStream: ends))
    }

    /// A piece of content, by default the last.
    static func content(_ text: String, ends: Bool = true) -> Self {
        .data(.init(data: .byteBuffer(ByteBuffer(string: text)), endStream: ends))
    }
}
