import NIOHTTP2

/// What NIO tells of streams and windows.
///
/// Five of these belong to every request: their types alone are compared, since casts cost several times as much.
enum HTTP2StreamEvent {
    case closed(HTTP2StreamID)
    /// How much the client may still send on the connection.
    case window(Int)
    /// Nothing that matters here.
    case other

    /// - Returns: nil for an event that is none of NIO's.
    init?(_ event: Any) {
        switch ObjectIdentifier(type(of: event)) {
        case ObjectIdentifier(StreamClosedEvent.self):
            guard let event = event as? StreamClosedEvent else { return nil }
            self = .closed(event.streamID)
        case ObjectIdentifier(NIOHTTP2WindowUpdatedEvent.self):
            guard let event = event as? NIOHTTP2WindowUpdatedEvent else { return nil }
            let window = event.streamID == .rootStream ? event.inboundWindowSize : nil
            self = window.map { .window($0) } ?? .other
        case ObjectIdentifier(NIOHTTP2StreamCreatedEvent.self),
            ObjectIdentifier(NIOHTTP2BulkStreamWindowChangeEvent.self):
            self = .other
        default:
            return nil
        }
    }
}
