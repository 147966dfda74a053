import HookgateTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Webhooks

@testable import Delivery

/// The forwarder over real sockets, against a backend that does what a script says.
@Suite(.timeLimit(.minutes(4))) struct ForwarderTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    @Test func `sequential events go over one connection and arrive whole`() async throws {
        let backend = try await RecordingBackend.start(on: group)
        let bench = try await SocketBench(port: backend.port)
        for number in 1...5 {
            #expect(try await bench.forward(makeEvent(number)) == .delivered(status: 200))
        }
        let requests = backend.requests
        #expect(requests.map(\.connection) == [1, 1, 1, 1, 1])
        #expect(requests.map { $0.header("webhook-id") } == (1...5).map { makeEvent($0).id.description })
        let first = try #require(requests.first)
        #expect(first.method == "POST" && first.target == "/events")
        #expect(first.header("host") == "127.0.0.1:\(backend.port)")
        #expect(first.header("content-type") == "application/cloudevents+json; charset=utf-8")
        #expect(first.header("content-length") == "\(first.body.readableBytes)")
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `an event larger than any buffer arrives whole`() async throws {
        let backend = try await RecordingBackend.start(on: group)
        let bench = try await SocketBench(port: backend.port, format: .data)
        let data = "{\"a\":\"" + String(repeating: "0123456789", count: 300_000) + "\"}"
        #expect(try await bench.forward(makeEvent(data: data)) == .delivered(status: 200))
        #expect(try await bench.forward(makeEvent(2)) == .delivered(status: 200))
        #expect(backend.requests.map { String(buffer: $0.body) } == [data, "{\"a\":1}"])
        try await bench.drain()
        try await backend.stop()
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `names and addresses are both connected to`(_ host: String) async throws {
        let backend = try await RecordingBackend.start(on: group)
        let bench = try await SocketBench(port: backend.port, host: host)
        #expect(try await bench.forward() == .delivered(status: 200))
        #expect(backend.requests.first?.header("host") == "\(host):\(backend.port)")
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `concurrency holds, and everything arrives`() async throws {
        let gate = group.next().makePromise(of: Void.self)
        let opened = gate.futureResult
        let backend = try await RecordingBackend.start(on: group) { _ in [.wait(opened)] + RecordingBackend.ok }
        let bench = try await SocketBench(port: backend.port, concurrency: 3)
        let outcomes = bench.forward(count: 50)
        try await backend.wait { $0.requests >= 3 }
        gate.succeed()
        for outcome in outcomes { #expect(try await outcome.get() == .delivered(status: 200)) }
        #expect(backend.counts.mostOpen == 3)
        #expect(backend.counts.accepted == 3)
        #expect(Set(backend.requests.compactMap { $0.header("webhook-id") }).count == 50)
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a stale connection is replaced once, and the event arrives`() async throws {
        // Keeps each connection for one answer, then closes on the next request without a byte: the race of an idle
        // connection that the server closes while a request is on its way.
        let backend = try await RecordingBackend.start(on: group) { request in
            request.number == 1 ? RecordingBackend.ok : [.close]
        }
        let bench = try await SocketBench(port: backend.port)
        for number in 1...3 {
            #expect(try await bench.forward(makeEvent(number)) == .delivered(status: 200))
        }
        let ids = backend.requests.map { ($0.connection, $0.header("webhook-id") ?? "") }
        #expect(ids.map(\.0) == [1, 1, 2, 2, 3])
        #expect(ids.map(\.1) == [1, 2, 2, 3, 3].map { makeEvent($0).id.description })
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a receiver that closes every time gets an event twice at most`() async throws {
        let backend = try await RecordingBackend.start(on: group) { request in
            request.connection == 1 && request.number == 1 ? RecordingBackend.ok : [.close]
        }
        let bench = try await SocketBench(port: backend.port)
        #expect(try await bench.forward(makeEvent(1)) == .delivered(status: 200))
        #expect(try await bench.forward(makeEvent(2)) == .unreachable("closed"))
        #expect(try await bench.forward(makeEvent(3)) == .unreachable("closed"))
        let ids = backend.requests.map { $0.header("webhook-id") ?? "" }
        #expect(ids == [1, 2, 2, 3].map { makeEvent($0).id.description })
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `after one byte of response an event is not sent again`() async throws {
        let backend = try await RecordingBackend.start(on: group) { request in
            request.number == 1 ? RecordingBackend.ok : [.send("H"), .close]
        }
        let bench = try await SocketBench(port: backend.port)
        #expect(try await bench.forward(makeEvent(1)) == .delivered(status: 200))
        #expect(try await bench.forward(makeEvent(2)) == .protocolError)
        #expect(backend.counts.requests == 2)
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `connections that the backend closed while idle are noticed`() async throws {
        let backend = try await RecordingBackend.start(on: group)
        let bench = try await SocketBench(port: backend.port)
        #expect(try await bench.forward(makeEvent(1)) == .delivered(status: 200))
        backend.closeConnections()
        try await backend.wait { $0.open == 0 }
        #expect(try await bench.forward(makeEvent(2)) == .delivered(status: 200))
        #expect(backend.counts.accepted == 2)
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a backend that never answers is timed out, and its connection closed`() async throws {
        let backend = try await RecordingBackend.start(on: group) { _ in [] }
        let bench = try await SocketBench(port: backend.port, timeout: .seconds(2))
        #expect(try await bench.forward() == .timedOut(phase: .answering))
        try await backend.wait { $0.open == 0 }
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `an answer that drips is timed out all the same`() async throws {
        let loop = group.next()
        let backend = try await RecordingBackend.start(on: group) { _ in
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")]
                + (0..<5000).flatMap { index in
                    [.wait(loop.scheduleTask(in: .milliseconds(Int64(index))) {}.futureResult), .send("x")]
                        as [RecordingBackend.Action]
                }
        }
        let bench = try await SocketBench(port: backend.port, timeout: .seconds(2))
        #expect(try await bench.forward() == .timedOut(phase: .answering))
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a dead port is refused, and the next backend on it is found`() async throws {
        let dead = try await RecordingBackend.start(on: group)
        let port = dead.port
        try await dead.stop()
        let bench = try await SocketBench(port: port)
        #expect(try await bench.forward() == .unreachable("refused"))
        try await bench.drain()
    }

    @Test func `a name that does not exist is unresolved`() async throws {
        // RFC 6761: `invalid` never resolves.
        let bench = try await SocketBench(port: 9, host: "backend.invalid")
        let outcome = try await bench.forward()
        #expect([.unreachable("unresolved"), .unreachable("connect_timeout")].contains(outcome))
        try await bench.drain()
    }

    @Test func `a redirect is refused and never followed`() async throws {
        let inner = try await RecordingBackend.start(on: group)
        let location = "http://127.0.0.1:\(inner.port)/inner"
        let backend = try await RecordingBackend.start(on: group) { _ in
            [.send("HTTP/1.1 302 Found\r\nlocation: \(location)\r\ncontent-length: 0\r\n\r\n")]
        }
        let bench = try await SocketBench(port: backend.port)
        #expect(try await bench.forward() == .refused(status: 302))
        try await bench.drain()
        #expect(inner.counts.accepted == 0)
        try await backend.stop()
        try await inner.stop()
    }

    @Test func `a huge answer is cut off, and its status counts`() async throws {
        let backend = try await RecordingBackend.start(on: group) { _ in
            [
                .send("HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n"),
                .sendBytes(ByteBuffer(repeating: 0x78, count: 50_000_000)),
            ]
        }
        let bench = try await SocketBench(port: backend.port)
        #expect(try await bench.forward() == .delivered(status: 200))
        try await backend.wait { $0.open == 0 }
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `an answer without a length, closed by the backend, counts`() async throws {
        let backend = try await RecordingBackend.start(on: group) { _ in
            [.send("HTTP/1.1 201 Created\r\n\r\nhello"), .close]
        }
        let bench = try await SocketBench(port: backend.port)
        for number in 1...3 { #expect(try await bench.forward(makeEvent(number)) == .delivered(status: 201)) }
        #expect(backend.counts.accepted == 3)
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `a backend that greets unasked is given nothing`() async throws {
        let backend = try await RecordingBackend.start(on: group, greeting: [.send("220 mail.example.net ESMTP\r\n")])
        let bench = try await SocketBench(port: backend.port)
        let outcome = try await bench.forward()
        // Whether the greeting overtakes the request is a matter of luck; that it is no answer is not.
        #expect([.unreachable("closed"), .protocolError].contains(outcome))
        try await bench.drain()
        try await backend.stop()
    }

    @Test func `draining lets a request under way end, and closes its connection`() async throws {
        let gate = group.next().makePromise(of: Void.self)
        let opened = gate.futureResult
        let backend = try await RecordingBackend.start(on: group) { _ in [.wait(opened)] + RecordingBackend.ok }
        let bench = try await SocketBench(port: backend.port)
        let outcome = bench.forward(count: 1)[0]
        try await backend.wait { $0.requests >= 1 }
        let drained = bench.beginDraining()
        #expect(try await bench.forward(makeEvent(2)) == .unreachable("shutting_down"))
        gate.succeed()
        #expect(try await outcome.get() == .delivered(status: 200))
        try await drained.get()
        try await backend.wait { $0.open == 0 }
        try await backend.stop()
    }
}
