import NIOCore
import TLS

/// The header by which a proxy in front of us says whose connection it passes on: HAProxy's PROXY protocol,
/// version 1 in text and version 2 in binary (proxy-protocol.txt of 2020-03-05).
enum ProxyHeader {
    /// What the first bytes came to.
    enum Outcome: Equatable {
        /// More bytes are needed.
        case incomplete
        /// The client's address; nil: the proxy speaks for itself, or does not know. The bytes behind it are what it passes on.
        case client(SocketAddress?)
        /// No such header.
        case malformed
    }

    /// The longest text: 107 bytes with its line break.
    private static let maxText = 107
    /// The longest binary header that is waited for; addresses take 36 bytes, the rest are notes.
    private static let maxBinary = 1024
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// Takes the header off the bytes, once it is whole.
    static func take(_ bytes: inout ByteBuffer) -> Outcome {
        let view = bytes.readableBytesView
        let start = view.prefix(signature.count)
        if start.elementsEqual(signature.prefix(start.count)) {
            return start.count < signature.count ? .incomplete : takeBinary(&bytes)
        }
        let word = Array("PROXY ".utf8)
        let head = view.prefix(word.count)
        guard head.elementsEqual(word.prefix(head.count)) else { return .malformed }
        return takeText(&bytes)
    }

    private static func takeText(_ bytes: inout ByteBuffer) -> Outcome {
        let view = bytes.readableBytesView.prefix(maxText)
        guard let end = view.firstIndex(of: 0x0A) else { return view.count < maxText ? .incomplete : .malformed }
        let length = end - view.startIndex + 1
        guard let line = bytes.readString(length: length), line.hasSuffix("\r\n") else { return .malformed }
        let words = line.dropLast().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count >= 2 else { return .malformed }
        if words[1] == "UNKNOWN" { return .client(nil) }
        guard words.count == 6, let port = port(words[4]), Self.port(words[5]) != nil,
            let source = try? SocketAddress(ipAddress: words[2], port: port),
            let destination = try? SocketAddress(ipAddress: words[3], port: 0)
        else { return .malformed }
        switch (words[1], source, destination) {
        case ("TCP4", .v4, .v4), ("TCP6", .v6, .v6): return .client(source)
        default: return .malformed
        }
    }

    private static func port(_ text: String) -> Int? {
        guard 1...5 ~= text.utf8.count, text.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(text) else {
            return nil
        }
        return 0...65_535 ~= port ? port : nil
    }

    private static func takeBinary(_ bytes: inout ByteBuffer) -> Outcome {
        let start = bytes.readerIndex + signature.count
        guard
            let command: UInt8 = bytes.getInteger(at: start), let family: UInt8 = bytes.getInteger(at: start + 1),
            let length: UInt16 = bytes.getInteger(at: start + 2)
        else { return .incomplete }
        // Version 2; the command is LOCAL or PROXY.
        guard command >> 4 == 2, command & 15 <= 1, Int(length) <= maxBinary else { return .malformed }
        guard bytes.readableBytes >= signature.count + 4 + Int(length) else { return .incomplete }
        bytes.moveReaderIndex(forwardBy: signature.count + 4)
        guard var addresses = bytes.readSlice(length: Int(length)) else { return .incomplete }
        guard command & 15 == 1 else { return .client(nil) }
        let size: Int
        switch family {
        case 0x11: size = 4
        case 0x21: size = 16
        // Not TCP, or not known.
        default: return .client(nil)
        }
        guard let source = addresses.readSlice(length: size), addresses.readSlice(length: size) != nil,
            let port: UInt16 = addresses.readInteger(),
            let address = try? SocketAddress(packedIPAddress: source, port: Int(port))
        else { return .malformed }
        return .client(address)
    }
}

/// Waits for the header of a proxy, and then makes the connection that of its client.
///
/// Put alone into the pipeline of a connection from a proxy; takes itself out.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let timeout: TimeAmount
    /// Adds what serves the client; false when it may not come.
    private let serve: (SocketAddress?) throws -> Bool
    private var bytes = ByteBuffer()
    private let timer: LazyTimer
    private var isDone = false

    /// - Parameters:
    ///   - timeout: For the whole header.
    ///   - deadlines: Those of the event loop.
    ///   - serve: Adds the handlers that serve the client; false when it may not come.
    init(timeout: TimeAmount, deadlines: LoopDeadlines, serve: @escaping (SocketAddress?) throws -> Bool) {
        self.timeout = timeout
        timer = LazyTimer(deadlines)
        self.serve = serve
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer.cancel()
    }

    func channelActive(context: ChannelHandlerContext) {
        // Told to those behind when they are there.
        begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        timer.arm(context.eventLoop.now + timeout, on: context.eventLoop) { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var more = unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        switch ProxyHeader.take(&bytes) {
        case .incomplete:
            break
        case .malformed:
            isDone = true
            context.close(promise: nil)
        case .client(let address):
            isDone = true
            pass(address, context)
        }
    }

    private func pass(_ address: SocketAddress?, _ context: ChannelHandlerContext) {
        guard let isServed = try? serve(address), isServed else {
            context.close(promise: nil)
            return
        }
        context.fireChannelActive()
        let rest = bytes
        bytes = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(rest))
            context.fireChannelReadComplete()
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}

@available(*, unavailable)
extension ProxyHeaderHandler: Sendable {}
