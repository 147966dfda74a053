import NIOCore
import NIOHTTP1
import NIOPosix
import Simulator
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct DevelopmentBackendTests {
    /// Sends one request and reads until the backend closes.
    private func exchange(_ options: DevelopmentBackend.Options, _ request: String) async throws -> (String, String) {
        let printed = Printed()
        var options = options
        options.port = 0
        let server = try await DevelopmentBackend(options, print: printed.take).bind(on: .singleton)
        let address = try #require(server.localAddress)
        let collector = Collector()
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(collector) }
            .connect(to: address)
            .get()
        client.writeAndFlush(ByteBuffer(string: request), promise: nil)
        try await client.closeFuture.get()
        try await server.close()
        return (collector.text, printed.all)
    }

    private final class Printed: Sendable {
        private let text = Mutex("")
        var all: String { text.withLock { $0 } }
        func take(_ more: String) { text.withLock { $0 += more } }
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let bytes = Mutex("")
        var text: String { bytes.withLock { $0 } }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let more = String(buffer: unwrapInboundIn(data))
            bytes.withLock { $0 += more }
        }
    }

    private func post(_ body: String) -> String {
        "POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nwebhook-id: 7\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `an event is answered and printed for people`() async throws {
        let (response, printed) = try await exchange(.init(), post(#"{"a":{"b":"x{,\"}","c":[]},"d":1}"#))
        #expect(response.hasPrefix("HTTP/1.1 200 "))
        #expect(printed.contains("POST /events, "))
        #expect(printed.contains("  webhook-id: 7\n"))
        #expect(
            printed.contains(
                """
                  {
                    "a": {
                      "b": "x{,\\"}",
                      "c": []
                    },
                    "d": 1
                  }

                """
            )
        )
    }

    @Test func `what is no JSON and would command a terminal is printed harmlessly`() async throws {
        let (_, printed) = try await exchange(.init(), post("\u{1B}[31m}}}]]\""))
        #expect(printed.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        #expect(printed.contains("\\u{1b}"))
    }

    @Test func `status and delay are as told, and raw lines hold nothing else`() async throws {
        var options = DevelopmentBackend.Options()
        options.status = 503
        options.delayMilliseconds = 1
        options.printsRaw = true
        let (response, printed) = try await exchange(options, post("{\"a\":\n1}"))
        #expect(response.hasPrefix("HTTP/1.1 503 "))
        #expect(printed == "{\"a\":1}\n")
    }

    @Test func `a body far beyond a mebibyte is refused once`() async throws {
        let (_, printed) = try await exchange(.init(), post(String(repeating: "a", count: 3 << 20)))
        #expect(printed.isEmpty)
    }

    @Test func `a body beyond a mebibyte is refused`() async throws {
        let (response, printed) = try await exchange(.init(), post(String(repeating: "a", count: (1 << 20) + 1)))
        #expect(response.hasPrefix("HTTP/1.1 413 "))
        #expect(printed.isEmpty)
    }
}
