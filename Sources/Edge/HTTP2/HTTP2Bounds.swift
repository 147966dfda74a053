import NIOHTTP2

/// What an HTTP/2 connection is told at its beginning, from what a listener bears.
struct HTTP2Bounds {
    /// The window that every connection and stream begins with (RFC 9113, section 6.9.2), in bytes.
    static let firstWindow = 65_535

    /// Requests of one connection at the same time; RFC 9113, section 6.5.2, asks for no fewer.
    private static let concurrentStreams = 100

    /// How many bytes of content a connection may have us keep.
    let window: Int
    /// How many bytes one request may send: its content, one more to be refused for, and some padding.
    private let streamWindow: Int
    /// Twice the limit: who is a little above it gets a reply, who is far above loses the connection.
    private let headerListSize: Int

    init(_ limits: EdgeLimits) {
        streamWindow = max(HTTP2Bounds.firstWindow, limits.maxBodyBytes + 16 * 1024)
        window = max(256 * 1024, 2 * streamWindow)
        headerListSize = 2 * limits.maxHeaderBytes
    }

    /// What cuts bytes into frames and keeps the state of streams.
    ///
    /// - Parameter delegate: is told what NIO writes.
    /// - Returns: a handler for one connection.
    func makeFrameHandler(delegate: any NIOHTTP2FrameDelegate) -> NIOHTTP2Handler {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: HTTP2Bounds.concurrentStreams),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxHeaderListSize, value: headerListSize),
        ]
        // `HTTP2Request` and `HTTP2Exchange` do both, in a fifth of the time.
        connection.headerBlockValidation = .disabled
        connection.contentLengthValidation = .disabled
        // Answers to PING and SETTINGS of a peer that does not read.
        connection.maximumBufferedControlFrames = 200
        return NIOHTTP2Handler(mode: .server, frameDelegate: delegate, connectionConfiguration: connection)
    }
}
