import NIOCore
import NIOEmbedded
import Testing
import Webhooks

@testable import Edge

/// Every limit has its refusal, and its connection ends.
@Suite struct EdgeLimitsTests {
    private static let limits: EdgeLimits = {
        var limits = EdgeLimits()
        limits.headerTimeout = .seconds(10)
        limits.bodyTimeout = .seconds(20)
        limits.idleTimeout = .seconds(75)
        limits.maxBodyBytes = 100
        limits.maxHeaderBytes = 2048
        limits.maxHeaderFields = 10
        limits.maxTargetBytes = 64
        return limits
    }()

    @Test(arguments: [
        ("content-length over the limit", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413),
        (
            "content-length over any integer",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", 413
        ),
        (
            "chunks over the limit",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "a\r\n0123456789\r\n", count: 11), 413
        ),
        ("too many fields", "POST / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "A: b\r\n", count: 10) + "\r\n", 431),
        (
            "one long field", "POST / HTTP/1.1\r\nHost: a\r\nA: " + String(repeating: "b", count: 2048) + "\r\n\r\n",
            431
        ),
        ("white space without end", "POST / HTTP/1.1\r\nHost: a\r\nA:" + String(repeating: " ", count: 5000), 431),
        ("a long target", "POST /" + String(repeating: "b", count: 64) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ])
    func `Too much is refused, and the connection closed`(name: String, bytes: String, status: Int) throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        try? edge.send(bytes)
        let reply = try edge.received()
        #expect(EdgeHarness.statuses(in: reply) == [status])
        #expect(reply.contains("\r\nConnection: close\r\n"))
        #expect(!edge.isOpen)
        #expect(edge.responder.requests.isEmpty)
    }

    @Test func `A refused request may drain no more than the limit either`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        edge.responder.refusal = Reply(status: 401)
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<11 { try edge.send("a\r\n0123456789\r\n") }
        #expect(try edge.statuses() == [413])
        #expect(!edge.isOpen)
    }

    @Test func `A head that drips is cut off after the time for the whole head`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        for (second, byte) in "POST / HTT".utf8.enumerated() {
            #expect(edge.isOpen, "after \(second) s")
            try edge.channel.writeInbound(ByteBuffer(bytes: [byte]))
            edge.loop.advanceTime(by: .seconds(1))
        }
        #expect(try edge.statuses() == [408])
        #expect(!edge.isOpen)
    }

    @Test(arguments: [false, true])
    func `A head that stops behind a whole request has its own time`(repliesLate: Bool) throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        edge.responder.holdsReplies = repliesLate
        try edge.send(post("x") + "POST / HT")
        for promise in edge.responder.held { promise(Reply(status: 200)) }
        #expect(try edge.statuses() == [200])
        edge.loop.advanceTime(by: .seconds(9))
        #expect(edge.isOpen)
        edge.loop.advanceTime(by: .seconds(1))
        #expect(try edge.statuses() == [408])
        #expect(!edge.isOpen)
    }

    @Test func `A body that drips is cut off after the time for the whole body`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n")
        for _ in 0..<20 {
            #expect(edge.isOpen)
            try edge.send("x")
            edge.loop.advanceTime(by: .seconds(1))
        }
        #expect(try edge.statuses() == [408])
        #expect(!edge.isOpen)
    }

    @Test func `A refused request cannot drip its content for ever`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        edge.responder.refusal = Reply(status: 401)
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nx")
        edge.loop.advanceTime(by: .seconds(20))
        #expect(try edge.statuses() == [408])
        #expect(!edge.isOpen)
    }

    @Test func `An idle connection is closed without a word`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        try edge.send(post("x"))
        #expect(try edge.statuses() == [200])
        edge.loop.advanceTime(by: .seconds(74))
        #expect(edge.isOpen)
        edge.loop.advanceTime(by: .seconds(1))
        #expect(!edge.isOpen)
        #expect(try edge.received() == "")
    }

    @Test func `Nobody keeps a connection idle who never had a request accepted`() throws {
        let silent = try EdgeHarness(limits: EdgeLimitsTests.limits)
        let stranger = try EdgeHarness(limits: EdgeLimitsTests.limits)
        stranger.responder.refusal = Reply(status: 401)
        try stranger.send(post("x"))
        for edge in [silent, stranger] {
            edge.loop.advanceTime(by: EdgeLimitsTests.limits.headerTimeout - .milliseconds(1))
            #expect(edge.isOpen)
            edge.loop.advanceTime(by: .milliseconds(1))
            #expect(!edge.isOpen)
        }
    }

    @Test func `Every request begins the idle time anew`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        for _ in 0..<5 {
            try edge.send(post("x"))
            edge.loop.advanceTime(by: .seconds(70))
        }
        try edge.send(post("x"))
        #expect(try edge.statuses().count == 6)
        edge.loop.advanceTime(by: .seconds(74))
        #expect(edge.isOpen)
        edge.loop.advanceTime(by: .seconds(1))
        #expect(!edge.isOpen)
    }

    @Test func `No deadline of the edge runs while the reply is awaited`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        edge.responder.holdsReplies = true
        try edge.send("POST / HTTP/1.1\r\n")
        edge.loop.advanceTime(by: .seconds(9))
        try edge.send("Host: a\r\nContent-Length: 1\r\n\r\nx")
        edge.loop.advanceTime(by: .seconds(3600))
        #expect(edge.isOpen)
        edge.responder.held[0](Reply(status: 200))
        #expect(try edge.statuses() == [200])
        edge.loop.advanceTime(by: .seconds(75))
        #expect(!edge.isOpen)
    }

    @Test func `A peer that leaves its replies unread is cut off`() throws {
        let edge = try EdgeHarness(limits: EdgeLimitsTests.limits)
        edge.channel.isWritable = false
        edge.channel.pipeline.fireChannelWritabilityChanged()
        edge.loop.advanceTime(by: .seconds(9))
        #expect(edge.isOpen)
        edge.loop.advanceTime(by: .seconds(1))
        #expect(!edge.isOpen)
    }

    @Test func `A quiescing connection finishes what was begun, and an idle one ends at once`() throws {
        let idle = try EdgeHarness()
        try idle.send(post("1"))
        #expect(try idle.statuses() == [200])
        idle.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!idle.isOpen)

        let busy = try EdgeHarness()
        busy.responder.holdsReplies = true
        try busy.send(post("1") + post("2"))
        busy.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(busy.isOpen)
        busy.responder.held[0](Reply(status: 200))
        #expect(try !busy.received().contains("Connection: close"))
        busy.responder.held[1](Reply(status: 200))
        #expect(try busy.received().contains("Connection: close"))
        #expect(!busy.isOpen)
    }
}
