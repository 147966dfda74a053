import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOTLS
import Webhooks

@testable import Edge

/// A responder whose answers a test writes.
final class ScriptedResponder: Responder {
    var screenings: [Webhooks.RequestHead] = []
    var requests: [InboundRequest] = []
    /// What `screen` found for each of them.
    var matches: [RouteTable.Match] = []
    /// What `screen` says.
    var refusal: Reply?
    /// What `respond` says; nil: it answers with the content.
    var answer: Reply?
    /// Replies wait here when a test wants to give them itself.
    var holdsReplies = false
    var held: [(Reply) -> Void] = []
    /// Targets that it was asked about for a log line.
    var logged: [String] = []

    func screen(_ head: Webhooks.RequestHead) -> Screening {
        screenings.append(head)
        if let refusal { return .refused(refusal) }
        let route = Route(path: head.target, users: [], destinations: [])
        return .accepted(RouteTable.Match(index: 0, route: route, followUp: nil))
    }

    func respond(to request: InboundRequest, on match: RouteTable.Match, reply: @escaping (Reply) -> Void) {
        requests.append(request)
        matches.append(match)
        if holdsReplies { held.append(reply) } else { reply(answer ?? ScriptedResponder.ok(request)) }
    }

    func loggable(_ target: String) -> String {
        logged.append(target)
        return target
    }

    /// Answers with the content of the request, so that a test sees whose reply it is.
    static func ok(_ request: InboundRequest) -> Reply {
        Reply(status: 200, contentType: "text/plain", body: request.body)
    }
}

/// Wants every line, and drops it.
private struct DiscardingLogHandler: LogHandler {
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {}
}

private struct DiscardingRequestLog: RequestLog {
    let isOn = true

    func write(_ line: RequestLine) {}
}

/// One connection behind the TLS layer, in memory, with a clock that is moved by hand.
struct EdgeHarness {
    let channel: EmbeddedChannel
    let responder: ScriptedResponder
    let edge: EdgeLoop
    var loop: EmbeddedEventLoop { channel.embeddedEventLoop }

    /// - Parameters:
    ///   - limits: of the listener.
    ///   - agreed: the protocol that the handshake comes to; nil: it is not done.
    ///   - keeper: keeps what is refused.
    /// - Throws: what connecting in memory throws.
    init(limits: EdgeLimits = EdgeLimits(), agreed: String? = "http/1.1", keeper: (any RefusalKeeper)? = nil) throws {
        let responder = ScriptedResponder()
        let edge = EdgeLoop(responder: responder, keeper: keeper)
        try self.init(edge: edge, responder: responder, limits: limits, agreed: agreed)
    }

    /// One of several connections of a loop.
    init(
        edge: EdgeLoop,
        responder: ScriptedResponder = ScriptedResponder(),
        limits: EdgeLimits = EdgeLimits(),
        agreed: String? = "http/1.1"
    ) throws {
        channel = EmbeddedChannel()
        self.edge = edge
        self.responder = responder
        try channel.pipeline.syncOperations.addHandler(
            HandshakeHandler(
                loop: edge,
                limits: SharedLimits(limits),
                client: ClientAddress(try SocketAddress(ipAddress: "192.0.2.7", port: 40_000)),
                listener: "192.0.2.1:8443",
                tls: nil,
                log: EdgeLog(Logger(label: "test") { _ in DiscardingLogHandler() }, requests: DiscardingRequestLog())
            )
        )
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 40_000)).wait()
        if let agreed { handshake(agreed) }
    }

    /// TLS is done.
    func handshake(_ agreed: String) {
        channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: agreed))
    }

    /// Bytes arrive, as one read.
    func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// Everything that was written since the last call.
    func received() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: part) }
        return text
    }

    /// The status codes of everything that was written since the last call.
    func statuses() throws -> [Int] {
        try EdgeHarness.statuses(in: received())
    }

    static func statuses(in text: String) -> [Int] {
        text.components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap { Int($0.prefix(3)) }
    }

    var isOpen: Bool { channel.isActive }
}

extension String {
    /// The pieces between a separator, without Foundation.
    func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            pieces.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        pieces.append(String(rest))
        return pieces
    }
}

/// A push with this content.
func post(_ body: String, to target: String = "/hooks", headers: String = "") -> String {
    "POST \(target) HTTP/1.1\r\nHost: localhost\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
