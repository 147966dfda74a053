import HookgateTesting
import NIOCore
import NIOEmbedded
import OpenSSL
import TLS
import Testing

/// The buffer in pieces of at most `size` bytes.
private func pieces(of buffer: ByteBuffer, _ size: Int) -> [ByteBuffer] {
    stride(from: 0, to: buffer.readableBytes, by: size).compactMap { start in
        buffer.getSlice(at: buffer.readerIndex + start, length: min(size, buffer.readableBytes - start))
    }
}

@Suite("Handshake turns")
struct HandshakeTurnsTests {
    /// A connection to a server that has to wait for its turn.
    final class Connection {
        let channel: EmbeddedChannel
        let wire = Wire()
        /// Whether the server has begun its handshake.
        var isAnswered: Bool { wire.writtenBytes > 0 }

        init(_ server: TLSContext, _ turns: HandshakeTurns, from origin: UInt64, on loop: EmbeddedEventLoop) throws {
            channel = EmbeddedChannel(loop: loop)
            let handler = TLSServerHandler(
                context: server,
                handshakeTimeout: .seconds(10),
                turns: turns,
                origin: origin
            )
            try channel.pipeline.syncOperations.addHandlers([wire, handler, Recorder()])
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func say(_ bytes: ByteBuffer) { _ = try? channel.writeInbound(bytes) }
    }

    private let loop = EmbeddedEventLoop()
    /// In a turn of this loop there is time for one handshake.
    private let turns: HandshakeTurns
    private let server: TLSContext
    private let hello: ByteBuffer

    init() throws {
        var now = NIODeadline.uptimeNanoseconds(0)
        turns = HandshakeTurns {
            now = now + .milliseconds(1)
            return now
        }
        let identity = try ConnectedPair.identity.get()
        server = try identity.serverContext()
        var client = try TLSSession(context: identity.clientContext(), serverName: "localhost")
        _ = client.handshake()
        hello = client.takeCiphertext() ?? ByteBuffer()
    }

    private func connection(from origin: UInt64 = 1) throws -> Connection {
        try Connection(server, turns, from: origin, on: loop)
    }

    /// The loop looks at its sockets, then at what is due.
    private func turn() { loop.advanceTime(by: .microseconds(20)) }

    private func end(_ connections: [Connection]) {
        for connection in connections { connection.channel.close(promise: nil) }
        loop.advanceTime(by: .minutes(1))
    }

    @Test("each turn of the loop begins what there is time for, in the order of arrival")
    func oneATurn() throws {
        let connections = try (0..<4).map { _ in try connection() }
        for connection in connections { connection.say(hello) }
        for begun in 1...4 {
            #expect(connections.map(\.isAnswered) == (0..<4).map { $0 < begun })
            turn()
        }
        end(connections)
    }

    @Test("a handshake that nobody competes with begins at once, every time")
    func atOnce() throws {
        var connections: [Connection] = []
        for _ in 0..<3 {
            let connection = try connection()
            connection.say(hello)
            #expect(connection.isAnswered)
            connections.append(connection)
            turn()
        }
        end(connections)
    }

    @Test("who sends many waits for himself")
    func roundRobin() throws {
        let many = try (0..<4).map { _ in try connection(from: 1) }
        let one = try connection(from: 2)
        for connection in many + [one] { connection.say(hello) }
        turn()
        turn()
        #expect(many.map(\.isAnswered) == [true, true, false, false])
        #expect(one.isAnswered)
        end(many + [one])
    }

    @Test("who has left is passed over")
    func gone() throws {
        let connections = try (0..<3).map { _ in try connection() }
        for connection in connections { connection.say(hello) }
        connections[1].channel.close(promise: nil)
        turn()
        turn()
        #expect(connections.map(\.isAnswered) == [true, false, true])
        end(connections)
    }

    @Test("with time enough nobody waits")
    func time() throws {
        let turns = HandshakeTurns { .uptimeNanoseconds(0) }
        let connections = try (0..<10).map { _ in try Connection(server, turns, from: 1, on: loop) }
        for connection in connections {
            connection.say(hello)
            #expect(connection.isAnswered)
        }
        end(connections)
    }

    @Test("what comes in pieces from who waits is put together")
    func waiting() throws {
        let (first, second) = (try connection(), try connection())
        first.say(hello)
        let parts = pieces(of: hello, hello.readableBytes / 2 + 1)
        second.say(parts[0])
        second.say(parts[1])
        #expect(!second.isAnswered)
        turn()
        #expect(second.isAnswered)
        end([first, second])
    }

    @Test("from who waits no more is read than a hello needs")
    func bound() throws {
        let (first, second) = (try connection(), try connection())
        first.say(hello)
        var reads = second.wire.reads
        second.say(hello)
        #expect(second.wire.reads > reads)
        second.say(ByteBuffer(repeating: 0, count: 2048))
        reads = second.wire.reads
        // A channel that reads by itself asks like anybody else.
        second.channel.read()
        #expect(second.wire.reads == reads)
        turn()
        #expect(second.isAnswered)
        end([first, second])
    }

    @Test("the deadline of a handshake runs while it waits")
    func deadline() throws {
        let (first, second) = (try connection(), try connection())
        first.say(hello)
        second.say(hello)
        // The loop is busy for all that time.
        second.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(!second.channel.isActive)
        end([first, second])
    }
}
