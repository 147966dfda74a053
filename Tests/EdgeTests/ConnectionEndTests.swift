import NIOCore
import NIOEmbedded
import Testing
import Webhooks

@testable import Edge

/// Holds a close back, as TLS does while its goodbye waits for a peer that does not read.
private final class SlowClose: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var closes = 0

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        closes += 1
        // Ends an endless loop.
        if closes > 100 { context.close(mode: mode, promise: promise) } else { promise?.succeed() }
    }
}

/// How connections end while something of theirs still waits.
@Suite struct ConnectionEndTests {
    @Test func `A peer that leaves its replies unread is closed once`() throws {
        var limits = EdgeLimits()
        limits.headerTimeout = .seconds(60)
        let edge = try EdgeHarness(limits: limits)
        let below = SlowClose()
        try edge.channel.pipeline.syncOperations.addHandler(below, position: .first)
        edge.channel.isWritable = false
        edge.channel.pipeline.fireChannelWritabilityChanged()
        edge.loop.advanceTime(by: .seconds(10))
        #expect(below.closes == 1)
    }

    @Test func `A quiescing connection ends after its last pipelined request, even if answered at once`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + post("2"))
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        edge.responder.holdsReplies = false
        edge.responder.held[0](Reply(status: 200))
        #expect(try edge.statuses() == [200, 200])
        #expect(!edge.isOpen)
    }

    @Test func `A client that was challenged may repeat its request while the gateway goes down, once`() throws {
        let edge = try EdgeHarness()
        edge.responder.refusal = Reply(status: 401)
        try edge.send(post("1"))
        #expect(try edge.statuses() == [401])
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        edge.loop.advanceTime(by: .milliseconds(900))
        #expect(edge.isOpen)
        try edge.send(post("2"))
        #expect(try edge.statuses() == [401])
        #expect(edge.isOpen)
        try edge.send(post("3"))
        #expect(try edge.statuses() == [401])
        #expect(!edge.isOpen)
    }

    @Test func `A client that was challenged and stays silent is not waited for while the gateway goes down`() throws {
        let edge = try EdgeHarness()
        edge.responder.refusal = Reply(status: 401)
        try edge.send(post("1"))
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        edge.loop.advanceTime(by: .seconds(1))
        #expect(!edge.isOpen)
    }

    @Test func `Garbage behind two requests ends the connection after the second reply`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try? edge.send(post("1") + post("2") + "garbage\r\n\r\n")
        edge.responder.holdsReplies = false
        edge.responder.held[0](Reply(status: 200))
        #expect(try edge.statuses() == [200, 200, 400])
        #expect(!edge.isOpen)
    }

    @Test func `A quiescing connection whose pipelined request is not whole does not wait for ever`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try? edge.send(post("1") + "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nZZ\r\n")
        edge.responder.held[0](Reply(status: 200))
        #expect(try edge.statuses() == [200, 400])
        #expect(!edge.isOpen)
    }

    @Test func `An empty line behind a request begins no request`() throws {
        let edge = try EdgeHarness()
        try edge.send(post("x"))
        #expect(try edge.statuses() == [200])
        try edge.send("\r\n")
        edge.loop.advanceTime(by: .seconds(60))
        #expect(try edge.statuses() == [])
        #expect(edge.isOpen)
    }

    @Test func `A valid request that waits behind an unread reply is not answered with another's refusal`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + post("2"))
        edge.channel.isWritable = false
        edge.channel.pipeline.fireChannelWritabilityChanged()
        edge.responder.held[0](Reply(status: 200))
        try? edge.send("garbage\r\n\r\n")
        edge.channel.isWritable = true
        edge.channel.pipeline.fireChannelWritabilityChanged()
        #expect(edge.responder.requests.count == 2)
        edge.responder.held[1](Reply(status: 200))
        #expect(try edge.statuses() == [200, 200, 400])
    }

    @Test func `A quiescing connection with a whole request behind an unread reply answers it`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + post("2"))
        edge.channel.isWritable = false
        edge.channel.pipeline.fireChannelWritabilityChanged()
        edge.responder.held[0](Reply(status: 200))
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(edge.isOpen)
    }

    @Test func `The beginning of a head behind a waiting request starts its clock`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + post("2") + "POST / HT")
        edge.responder.held[0](Reply(status: 200))
        edge.responder.held[1](Reply(status: 200))
        #expect(try edge.statuses() == [200, 200])
        edge.loop.advanceTime(by: .seconds(10))
        #expect(try edge.statuses() == [408])
    }

    @Test func `A client that says nothing more gets every reply that it is owed`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + post("2"))
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(edge.isOpen)
        edge.responder.held[0](Reply(status: 200))
        #expect(edge.isOpen)
        edge.responder.held[1](Reply(status: 204))
        let replies = try edge.received()
        #expect(EdgeHarness.statuses(in: replies) == [200, 204])
        #expect(replies.contains("onnection: close"))
        #expect(!edge.isOpen)
    }

    @Test(arguments: ["", "POST / HTTP/1.1\r\nHost: a\r\n"])
    func `A client that says nothing more and is owed nothing is left`(text: String) throws {
        let edge = try EdgeHarness()
        try edge.send(text)
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try edge.statuses() == [])
        #expect(!edge.isOpen)
    }

    @Test(arguments: ["", "POST / HT"])
    func `A reply that was given at once leaves before the connection ends with the same packet`(behind: String) throws
    {
        let edge = try EdgeHarness()
        edge.channel.pipeline.fireChannelRead(ByteBuffer(string: post("1") + behind))
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try edge.statuses() == [200])
        #expect(!edge.isOpen)
    }

    @Test func `Half a request behind one in work does not take its reply`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try edge.send(post("1") + "POST / HT")
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        edge.responder.held[0](Reply(status: 200))
        #expect(try edge.statuses() == [200])
        #expect(!edge.isOpen)
    }

    @Test func `Whoever has only just connected may ask once while the gateway goes down`() throws {
        let edge = try EdgeHarness()
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(edge.isOpen)
        try edge.send(post("1"))
        #expect(try edge.statuses() == [200])
        #expect(!edge.isOpen)
    }

    @Test func `Whoever has connected and does not ask is not waited for`() throws {
        let edge = try EdgeHarness()
        edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        edge.loop.advanceTime(by: .seconds(1))
        #expect(!edge.isOpen)
    }
}
