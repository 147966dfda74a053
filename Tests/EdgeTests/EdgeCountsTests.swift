import NIOCore
import NIOEmbedded
import TLS
import Testing
import Webhooks

@testable import Edge

/// What is counted about one connection.
struct EdgeCountsTests {
    @Test func `A reply counts for its route and the hundreds of its status, with its time`() throws {
        let harness = try EdgeHarness()
        harness.responder.holdsReplies = true
        try harness.send(post("a"))
        harness.loop.advanceTime(by: .milliseconds(3))
        harness.responder.held[0](Reply(status: 200))
        let counts = harness.edge.counts
        #expect(counts.replies(route: 0, hundreds: 2) == 1)
        #expect(counts.replies(route: nil, hundreds: 2) == 0 && counts.replies(route: 0, hundreds: 4) == 0)
        #expect(counts.replyTime.count == 1 && counts.replyTime.sum == 3_000_000)
    }

    @Test func `A refusal counts by its reason, and for a route only when it had one`() throws {
        let harness = try EdgeHarness()
        harness.responder.refusal = .refusal(.unknownPath)
        try harness.send(post("a") + post("b"))
        let counts = harness.edge.counts
        #expect(counts[.unknownPath] == 2 && counts[.credentialsWrong] == 0)
        #expect(counts.replies(route: nil, hundreds: 4) == 2 && counts.replies(route: 0, hundreds: 4) == 0)
    }

    @Test func `Connections count as open until they are closed`() throws {
        let harness = try EdgeHarness()
        #expect(harness.edge.counts.open == 1)
        try harness.channel.close().wait()
        harness.loop.run()
        #expect(harness.edge.counts.open == 0 && harness.edge.counts.opened == 1)
    }

    @Test func `A client that left before its reply is counted, and its request is no reply`() throws {
        let harness = try EdgeHarness()
        harness.responder.holdsReplies = true
        try harness.send(post("a"))
        try harness.channel.close().wait()
        harness.responder.held[0](Reply(status: 200))
        #expect(harness.edge.counts.abandoned == 1 && harness.edge.counts.replies(route: 0, hundreds: 2) == 0)
    }

    @Test func `Ends of handshakes count by their kind, errors behind it do not`() throws {
        for (error, kind) in [
            (TLSError.handshakeFailed([]), EdgeCounts.HandshakeFailure.failed), (.handshakeTimedOut, .timedOut),
            (.closedDuringHandshake, .left), (.plaintextHTTP, .plainHTTP),
        ] {
            let harness = try EdgeHarness(agreed: nil)
            harness.channel.pipeline.fireErrorCaught(error)
            #expect(EdgeCounts.HandshakeFailure.allCases.filter { harness.edge.counts[$0] == 1 } == [kind])
        }
        let harness = try EdgeHarness()
        harness.channel.pipeline.fireErrorCaught(TLSError.truncated)
        #expect(EdgeCounts.HandshakeFailure.allCases.allSatisfy { harness.edge.counts[$0] == 0 })
    }

    @Test func `Loops add up, also when one has seen more routes`() {
        var one = EdgeCounts()
        var two = EdgeCounts()
        one.replied(Reply(status: 200), route: 0, took: 5)
        two.replied(Reply.refusal(.bodyTimeout), route: 7, took: nil)
        two.shookHands(.tls13Resumed)
        one.add(two)
        #expect(one.replies(route: 0, hundreds: 2) == 1 && one.replies(route: 7, hundreds: 4) == 1)
        #expect(one[.bodyTimeout] == 1 && one[EdgeCounts.Handshake.tls13Resumed] == 1 && one.replyTime.count == 1)
    }
}
