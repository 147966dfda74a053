import NIOCore
import NIOEmbedded
import TLS
import Testing

@testable import Edge

/// What a proxy says of its clients.
@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    private static func binary(_ command: UInt8, _ family: UInt8, _ content: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }

    private static let v4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x9C, 0x40, 0x20, 0xFB]
    private static let v6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [9]
        + Array(repeating: 0, count: 16) + [0x9C, 0x40, 0x20, 0xFB]

    static let good: [([UInt8], String?)] = [
        (Array("PROXY TCP4 192.0.2.7 198.51.100.1 40000 8443\r\n".utf8), "192.0.2.7"),
        (Array("PROXY TCP6 2001:db8::9 2001:db8::1 40000 8443\r\n".utf8), "2001:db8::9"),
        (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".utf8), nil),
        (binary(0x21, 0x11, v4), "192.0.2.7"), (binary(0x21, 0x21, v6), "2001:db8::9"),
        (binary(0x21, 0x11, v4 + [0x04, 0, 1, 7]), "192.0.2.7"), (binary(0x20, 0, []), nil),
        (binary(0x21, 0x31, Array(repeating: 0, count: 216)), nil),
    ]

    @Test(arguments: good)
    func `A header is taken off, whole or byte by byte`(header: [UInt8], address: String?) {
        var whole = ByteBuffer(bytes: header + Array("TLS".utf8))
        guard case .client(let client) = ProxyHeader.take(&whole) else {
            Issue.record("not understood")
            return
        }
        #expect(client?.ipAddress == address)
        #expect(String(buffer: whole) == "TLS")
        for count in 0..<header.count {
            var part = ByteBuffer(bytes: header[..<count])
            #expect(ProxyHeader.take(&part) == .incomplete, "\(count)")
        }
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n".utf8), [0x16, 0x03, 0x01],
        Array("PROXY TCP4 192.0.2.7 198.51.100.1 40000 8443\n".utf8),
        Array("PROXY TCP4 2001:db8::9 2001:db8::1 1 2\r\n".utf8),
        Array("PROXY TCP4 192.0.2.7 198.51.100.1 70000 1\r\n".utf8),
        Array("PROXY TCP4 192.0.2.7 198.51.100.1 +1 1\r\n".utf8),
        Array("PROXY TCP4 example.org 198.51.100.1 1 1\r\n".utf8),
        Array("PROXY TCP4  192.0.2.7 198.51.100.1 1 1\r\n".utf8), Array("PROXY \r\n".utf8),
        Array("PROXY UDP4 1 2 3 4\r\n".utf8),
        Array("PROXY TCP4 ".utf8) + Array(repeating: 0x31, count: 200), binary(0x11, 0x11, v4), binary(0x22, 0x11, v4),
        binary(0x21, 0x11, Array(v4.dropLast(3))), signature + [0x21, 0x11, 0xFF, 0xFF],
    ])
    func `What is no header is none`(bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        #expect(ProxyHeader.take(&buffer) == .malformed)
    }

    /// Counts the life of a connection behind the header.
    private final class Served: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var text = ""
        var activations = 0
        func channelActive(context: ChannelHandlerContext) { activations += 1 }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { text += String(buffer: unwrapInboundIn(data)) }
    }

    @Test func `Behind the header the client is served, and the header is gone`() throws {
        let channel = EmbeddedChannel()
        let served = Served()
        var client: String?
        try channel.pipeline.syncOperations.addHandler(
            ProxyHeaderHandler(timeout: .seconds(10), deadlines: LoopDeadlines()) { address in
                client = address?.ipAddress
                try channel.pipeline.syncOperations.addHandler(served)
                return true
            }
        )
        try channel.connect(to: SocketAddress(ipAddress: "10.0.0.1", port: 1)).wait()
        for byte in Array("PROXY TCP4 192.0.2.7 198.51.100.1 40000 8443\r\nhel".utf8) {
            try channel.writeInbound(ByteBuffer(bytes: [byte]))
        }
        try channel.writeInbound(ByteBuffer(string: "lo"))
        #expect(client == "192.0.2.7" && served.text == "hello" && served.activations == 1)
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "PROXY TCP4 192.0.2.7"])
    func `Who says nothing of the kind, or not in time, is closed`(text: String) throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            ProxyHeaderHandler(timeout: .seconds(10), deadlines: LoopDeadlines()) { _ in true }
        )
        try channel.connect(to: SocketAddress(ipAddress: "10.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(string: text))
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(!channel.isActive)
    }

    @Test func `A client that may not come is closed`() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            ProxyHeaderHandler(timeout: .seconds(10), deadlines: LoopDeadlines()) { _ in false }
        )
        try channel.connect(to: SocketAddress(ipAddress: "10.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(string: "PROXY TCP4 192.0.2.7 198.51.100.1 40000 8443\r\n"))
        #expect(!channel.isActive)
    }
}
