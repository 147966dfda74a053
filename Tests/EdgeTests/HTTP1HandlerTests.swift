import NIOCore
import NIOEmbedded
import Testing
import Webhooks

@testable import Edge

@Suite struct HTTP1HandlerTests {
    @Test func `A request is answered and the connection stays`() throws {
        let edge = try EdgeHarness()
        for body in ["one", "two"] {
            try edge.send(post(body))
            let reply = try edge.received()
            #expect(reply.hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
            #expect(reply.contains("\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n\(body)"))
            #expect(!reply.contains("Connection:"))
        }
        #expect(edge.isOpen)
    }

    @Test func `A request may come in any pieces`() throws {
        let text = post("event=newCall", headers: "X-Long: \(String(repeating: "a", count: 50))\r\n")
        let bytes = Array(text.utf8)
        for split in 1..<bytes.count {
            let edge = try EdgeHarness()
            try edge.channel.writeInbound(ByteBuffer(bytes: bytes[..<split]))
            try edge.channel.writeInbound(ByteBuffer(bytes: bytes[split...]))
            #expect(edge.responder.requests.map { String(buffer: $0.body) } == ["event=newCall"])
        }
        let edge = try EdgeHarness()
        for byte in bytes { try edge.channel.writeInbound(ByteBuffer(bytes: [byte])) }
        #expect(edge.responder.requests.map { String(buffer: $0.body) } == ["event=newCall"])
    }

    @Test func `A chunked request is put together`() throws {
        let edge = try EdgeHarness()
        try edge.send(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        )
        #expect(edge.responder.requests.map { String(buffer: $0.body) } == ["abcde"])
        #expect(try edge.statuses() == [200])
    }

    @Test func `Pipelined requests are answered one after the other, in order`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + post("2") + post("3"))
        #expect(edge.responder.requests.count == 1)
        for number in 1...3 {
            edge.responder.held[number - 1](ScriptedResponder.ok(edge.responder.requests[number - 1]))
            #expect(try edge.received().hasSuffix("\r\n\r\n\(number)"))
        }
        #expect(edge.responder.requests.count == 3)
        #expect(edge.isOpen)
    }

    @Test func `Many pipelined requests do not grow the stack`() throws {
        let edge = try EdgeHarness()
        try edge.send(String(repeating: post("x"), count: 5000))
        #expect(try edge.statuses().count == 5000)
    }

    @Test func `A pipelining client that outruns its replies is not read any further`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(String(repeating: post("x"), count: 100))
        let reads = ReadCounter()
        try edge.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        edge.channel.read()
        #expect(reads.count == 0)
        for number in 0..<100 { edge.responder.held[number](Reply(status: 200)) }
        #expect(reads.count > 0)
    }

    @Test func `HTTP 1.0 closes after its reply unless it asks to stay`() throws {
        let closing = try EdgeHarness()
        try closing.send("POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx")
        #expect(try closing.received().contains("\r\nConnection: close\r\n"))
        #expect(!closing.isOpen)

        let staying = try EdgeHarness()
        try staying.send("POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx")
        #expect(try staying.received().contains("\r\nConnection: keep-alive\r\n"))
        #expect(staying.isOpen)
    }

    @Test func `Connection close is honoured`() throws {
        let edge = try EdgeHarness()
        try edge.send(post("x", headers: "Connection: close\r\n"))
        #expect(try edge.received().contains("\r\nConnection: close\r\n"))
        #expect(!edge.isOpen)
    }

    @Test func `A reply to HEAD has the length but not the content`() throws {
        let edge = try EdgeHarness()
        edge.responder.refusal = Reply(status: 405, body: ByteBuffer(string: "no"))
        try edge.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        let reply = try edge.received()
        #expect(reply.contains("Content-Length: 2\r\n"))
        #expect(reply.hasSuffix("\r\n\r\n"))
    }

    @Test func `A refusal by the head drains the content and keeps the connection`() throws {
        let edge = try EdgeHarness()
        edge.responder.refusal = Reply(status: 401)
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        #expect(try edge.statuses() == [])
        try edge.send("def")
        #expect(try edge.statuses() == [401])
        edge.responder.refusal = nil
        try edge.send(post("x"))
        #expect(try edge.statuses() == [200])
        #expect(edge.responder.requests.count == 1)
    }

    @Test func `A client that waits for 100 gets it`() throws {
        let edge = try EdgeHarness()
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        #expect(try edge.received() == "HTTP/1.1 100 Continue\r\n\r\n")
        try edge.send("x")
        #expect(try edge.statuses() == [200])
    }

    @Test func `A client that waits for 100 and is refused gets the refusal, and its connection ends`() throws {
        let edge = try EdgeHarness()
        edge.responder.refusal = Reply(status: 401)
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        #expect(try edge.statuses() == [401])
        #expect(!edge.isOpen)
    }

    @Test func `A client that has left gets nothing, and nothing breaks`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("x"))
        try edge.channel.close().wait()
        edge.responder.held[0](Reply(status: 200))
        #expect(try edge.received() == "")
    }

    @Test func `What comes behind bytes that are no HTTP is dropped`() throws {
        let edge = try EdgeHarness()
        try edge.send("nonsense\r\n\r\n" + post("event=newCall"))
        try edge.send(post("event=newCall"))
        #expect(try edge.statuses() == [400])
        #expect(edge.responder.requests.isEmpty)
    }

    @Test(arguments: [
        "P", "POST /hooks HTTP/1.1\r\n", "POST /hooks HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1234",
    ])
    func `A request that its connection does not finish is none`(_ text: String) throws {
        let edge = try EdgeHarness()
        try edge.send(text)
        try edge.channel.close().wait()
        #expect(edge.responder.requests.isEmpty)
    }

    @Test func `A request is answered on the route that its head was accepted for`() throws {
        let edge = try EdgeHarness()
        try edge.send(post("a", to: "/one") + post("b", to: "/two"))
        #expect(edge.responder.matches.map(\.route.path) == ["/one", "/two"])
        #expect(edge.responder.requests.map(\.head.target) == ["/one", "/two"])
    }

    @Test func `Events of others pass on`() throws {
        let edge = try EdgeHarness()
        let counter = try EventCounter.added(to: edge.channel)
        try edge.send(post("x"))
        edge.channel.pipeline.fireUserInboundEventTriggered("anything")
        edge.channel.pipeline.fireChannelWritabilityChanged()
        #expect(counter.readCompletes == 1)
        #expect(counter.userEvents == 1)
        #expect(counter.writabilityChanges == 1)
        try edge.channel.close().wait()
        #expect(counter.inactives == 1)
    }
}

/// Counts reads that get as far as the socket.
final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = Never
    var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}

/// Counts what comes out at the end of the pipeline.
final class EventCounter: ChannelInboundHandler {
    typealias InboundIn = Any
    var readCompletes = 0
    var userEvents = 0
    var writabilityChanges = 0
    var inactives = 0

    static func added(to channel: EmbeddedChannel) throws -> EventCounter {
        let counter = EventCounter()
        try channel.pipeline.syncOperations.addHandler(counter)
        return counter
    }

    func channelReadComplete(context: ChannelHandlerContext) { readCompletes += 1 }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { userEvents += 1 }
    func channelWritabilityChanged(context: ChannelHandlerContext) { writabilityChanges += 1 }
    func channelInactive(context: ChannelHandlerContext) { inactives += 1 }
}
