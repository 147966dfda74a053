import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing
import Webhooks

@testable import Edge

@Suite struct HTTP2HandlerTests {
    @Test func `Requests are answered one after the other on one connection`() throws {
        let connection = try HTTP2Harness()
        for (stream, content) in [(1, "one"), (3, "two")] as [(HTTP2StreamID, String)] {
            try connection.post(content, on: stream)
            let response = connection.response(on: stream)
            #expect(response.statuses == [200] && response.content == content && response.isWhole)
            #expect(response.fields["content-length"] == "3" && response.fields["content-type"] == "text/plain")
            #expect(response.fields["date"]?.hasSuffix("GMT") == true && response.reset == nil)
        }
        #expect(connection.isOpen)
        #expect(connection.edge.edge.counts.replies(route: 0, hundreds: 2) == 2)
    }

    @Test func `Every reply has its id, whose name is sent once`() throws {
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        var block = ByteBuffer()
        var field = HPACKHeaders()
        field.add(name: "x-request-id", value: "", indexing: .nonIndexable)
        try encoder.encode(headers: field, to: &block)
        // Between what says how it is written, and an empty value.
        let name = Array(block.readableBytesView.dropFirst().dropLast())
        let connection = try HTTP2Harness()
        for stream in [1, 3, 5] as [HTTP2StreamID] {
            try connection.post("x", on: stream)
            #expect(connection.response(on: stream).fields["x-request-id"]?.count == RequestID.length)
        }
        #expect(connection.written.ranges(of: name).count == 1)
    }

    @Test func `Requests at the same time get their own replies, in whatever order those come`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.holdsReplies = true
        try connection.send(1, .post())
        try connection.send(3, .post(), .content("three"))
        try connection.send(1, .content("o", ends: false), .content("ne"))
        let requests = connection.edge.responder.requests
        #expect(requests.map { String(buffer: $0.body) } == ["three", "one"])
        for (reply, request) in zip(connection.edge.responder.held, requests).reversed() {
            reply(ScriptedResponder.ok(request))
        }
        try connection.exchange()
        #expect(connection.response(on: 1).content == "one" && connection.response(on: 3).content == "three")
    }

    @Test func `The one who has its route says how a request is logged, also when another has taken over`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.holdsReplies = true
        try connection.post("one", on: 1, to: "/hooks/answer/token")
        let other = ScriptedResponder()
        connection.edge.edge.responder = other
        let request = try #require(connection.edge.responder.requests.first)
        connection.edge.responder.held.first?(ScriptedResponder.ok(request))
        #expect(connection.edge.responder.logged == ["/hooks/answer/token"] && other.logged.isEmpty)
    }

    @Test func `A request has the form of HTTP/1.1 behind the edge`() throws {
        let connection = try HTTP2Harness()
        try connection.post("x", on: 1, to: "/hooks?a=b", fields: [("authorization", "Basic eA==")])
        let head = try #require(connection.edge.responder.screenings.first)
        #expect(head.method == "POST" && head.target == "/hooks?a=b")
        #expect(head.headers.only(.authorization) == "Basic eA==")
        #expect(head.headers.fields.map(\.name) == ["authorization", "host"])
    }

    @Test func `A refusal waits for the content, and the connection stays`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.refusal = .refusal(.credentialsMissing)
        try connection.send(1, .post())
        #expect(connection.response(on: 1).statuses == [])
        try connection.send(1, .content("x"))
        let refusal = connection.response(on: 1)
        #expect(refusal.statuses == [401] && refusal.isWhole && refusal.reset == nil)
        #expect(refusal.fields["www-authenticate"] != nil)
        connection.edge.responder.refusal = nil
        try connection.post("y", on: 3)
        #expect(connection.response(on: 3).content == "y")
    }

    @Test func `A HEAD request gets the fields of its reply and no content`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.refusal = .refusal(.methodNotAllowed)
        let section: [(String, String)] = [
            (":method", "HEAD"), (":scheme", "https"), (":authority", "localhost"), (":path", "/hooks"),
        ]
        try connection.send(1, .headers(.init(headers: HPACKHeaders(section), endStream: true)))
        let response = connection.response(on: 1)
        #expect(response.statuses == [405] && response.content == "" && response.isWhole)
        #expect(response.fields["content-length"] != "0")
    }

    @Test func `Whoever expects it is told to continue`() throws {
        let connection = try HTTP2Harness()
        try connection.send(1, .post([("expect", "100-continue")]))
        #expect(connection.response(on: 1).statuses == [100])
        try connection.send(1, .content("x"))
        #expect(connection.response(on: 1).statuses == [100, 200])
    }

    @Test func `Trailers end a request`() throws {
        let connection = try HTTP2Harness()
        let trailers = HTTP2Frame.FramePayload.headers(.init(headers: HPACKHeaders([("x-sum", "1")]), endStream: true))
        try connection.send(1, .post(), .content("x", ends: false), trailers)
        #expect(connection.response(on: 1).content == "x")
    }

    // MARK: Limits, as over HTTP/1.1

    @Test(
        arguments: [
            ([("content-length", "70000")], "", 413), ([], String(repeating: "x", count: 65_537), 413),
            ([("expect", "200-ok")], "x", 417), ([("host", "elsewhere")], "x", 400),
            ([("content-length", "+1")], "x", 400),
            (Array(repeating: ("x-long", String(repeating: "x", count: 600)), count: 60), "x", 431),
            ((0..<101).map { ("x-\($0)", "") }, "x", 431), ([("x-bell", "\u{7}")], "x", 400),
        ] as [([(String, String)], String, Int)]
    )
    func `What is beyond a limit is refused, and other streams go on`(
        fields: [(String, String)],
        content: String,
        status: Int
    ) throws {
        var limits = EdgeLimits()
        limits.maxHeaderBytes = 32 * 1024
        let connection = try HTTP2Harness(limits: limits)
        try connection.send(1, .post(fields))
        for start in stride(from: 0, to: content.utf8.count, by: 16_000) where connection.response(on: 1).statuses == []
        {
            let end = min(start + 16_000, content.utf8.count)
            try connection.send(
                1,
                .content(String(repeating: "x", count: end - start), ends: end == content.utf8.count)
            )
        }
        let refusal = connection.response(on: 1)
        #expect(refusal.statuses == [status])
        // The whole refusal, and only then that the rest of the content is not wanted.
        #expect(refusal.content.contains("\"reason\"") && refusal.isWhole)
        #expect(refusal.reset == nil || refusal.reset == .noError)
        #expect(connection.edge.responder.requests.isEmpty)
        try connection.post("y", on: 3)
        #expect(connection.response(on: 3).content == "y")
    }

    @Test func `A whole request that is refused is answered and not reset`() throws {
        let connection = try HTTP2Harness()
        let head = HTTP2Frame.FramePayload.Headers(
            headers: HPACKHeaders([(":method", "GET"), (":scheme", "https"), (":path", "/hooks")]),
            endStream: true
        )
        try connection.send(1, .headers(head))
        let refusal = connection.response(on: 1)
        #expect(refusal.statuses == [400] && refusal.isWhole && refusal.reset == nil)
    }

    @Test func `A request with an empty scheme is malformed`() {
        let section = HPACKHeaders([(":method", "GET"), (":scheme", ""), (":authority", "a"), (":path", "/")])
        #expect(throws: HTTP2Request.Failure.malformed) { try HTTP2Request(section, limits: EdgeLimits()) }
    }

    @Test func `A target that is too long is refused`() throws {
        let connection = try HTTP2Harness()
        try connection.post("x", on: 1, to: "/" + String(repeating: "a", count: 8192))
        #expect(connection.response(on: 1).statuses == [414])
    }

    @Test(
        arguments: [
            [("transfer-encoding", "chunked")], [("connection", "close")], [("upgrade", "h2c")], [("te", "gzip")],
            [("X-Upper", "a")], [("x-line", "a\r\nb: c")], [(":path", "/again")], [(":method", "GET")], [("x y", "a")],
        ] as [[(String, String)]]
    )
    func `What HTTP/2 does not allow resets its stream before anybody sees it`(fields: [(String, String)]) throws {
        let connection = try HTTP2Harness()
        try connection.send(1, .post(fields, ends: true))
        #expect(connection.response(on: 1).reset == .protocolError)
        #expect(connection.edge.responder.screenings.isEmpty)
        try connection.post("y", on: 3)
        #expect(connection.response(on: 3).content == "y")
    }

    @Test(arguments: ["/a b", "/a\r\nX: y", "/a\u{0}"]) func `A target with a space or a control character is none`(
        target: String
    ) throws {
        let connection = try HTTP2Harness()
        try connection.post("x", on: 1, to: target)
        #expect(connection.response(on: 1).reset == .protocolError || connection.response(on: 1).statuses == [400])
        #expect(connection.edge.responder.screenings.isEmpty)
    }

    // MARK: Time

    @Test func `Content that does not come is waited for so long, and no longer by sending slowly`() throws {
        let connection = try HTTP2Harness()
        try connection.send(1, .post())
        for _ in 0..<9 {
            connection.edge.loop.advanceTime(by: .seconds(1))
            try connection.send(1, .content("x", ends: false))
        }
        #expect(connection.response(on: 1).statuses == [])
        connection.edge.loop.advanceTime(by: .seconds(1))
        try connection.exchange()
        #expect(connection.response(on: 1).statuses == [408] && connection.response(on: 1).reset == .noError)
        #expect(connection.isOpen)
    }

    @Test func `A header section that does not end ends the connection`() throws {
        let connection = try HTTP2Harness()
        // HEADERS without END_HEADERS, and the CONTINUATION that follows does not come whole.
        try connection.send(bytes: [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x83])
        for byte: UInt8 in [0, 0, 1, 9, 0, 0, 0, 0, 1] {
            connection.edge.loop.advanceTime(by: .seconds(1))
            try connection.send(bytes: [byte])
        }
        #expect(connection.isOpen)
        connection.edge.loop.advanceTime(by: .seconds(1))
        try connection.exchange()
        #expect(!connection.isOpen && connection.goodbyes.map(\.reason) == [.noError])
    }

    @Test func `A stranger keeps no place by doing nothing, a known client keeps one for longer`() throws {
        let stranger = try HTTP2Harness()
        stranger.edge.loop.advanceTime(by: .seconds(10))
        #expect(!stranger.isOpen)
        let known = try HTTP2Harness()
        try known.post("x", on: 1)
        known.edge.loop.advanceTime(by: .seconds(74))
        #expect(known.isOpen)
        known.edge.loop.advanceTime(by: .seconds(1))
        #expect(!known.isOpen)
    }

    @Test func `A reply that is not taken is taken back`() throws {
        let connection = try HTTP2Harness(settings: [HTTP2Setting(parameter: .initialWindowSize, value: 0)])
        try connection.post("x", on: 1)
        #expect(connection.response(on: 1).statuses == [200] && !connection.response(on: 1).isWhole)
        connection.edge.loop.advanceTime(by: .seconds(10))
        try connection.exchange()
        #expect(connection.response(on: 1).reset == .cancel)
    }

    @Test func `A peer that does not read is cut off`() throws {
        let connection = try HTTP2Harness()
        connection.edge.channel.isWritable = false
        connection.edge.channel.pipeline.fireChannelWritabilityChanged()
        connection.edge.loop.advanceTime(by: .seconds(10))
        #expect(!connection.isOpen)
    }

    // MARK: Memory

    @Test func `All that a client makes the edge keep fits into the connection's window`() throws {
        let connection = try HTTP2Harness()
        let piece = String(repeating: "x", count: 16_000)
        var sent = 0
        // A hundred requests that do not end: the client itself stops where the window does.
        for stream in 0..<100 {
            let id = HTTP2StreamID(2 * stream + 1)
            try connection.send(id, .post())
            for _ in 0..<4 {
                try connection.send(id, .content(piece, ends: false))
                sent += piece.utf8.count
            }
        }
        #expect(sent > 6_000_000)
        let handler = try connection.edge.channel.pipeline.syncOperations.handler(type: HTTP2Handler.self)
        let kept = handler.heldBytes
        #expect(kept > 100_000 && kept <= 256 * 1024)
    }

    @Test func `The window is given back as requests are answered`() throws {
        let connection = try HTTP2Harness()
        let content = String(repeating: "x", count: 60_000)
        for stream in 0..<50 { try connection.post(content, on: HTTP2StreamID(2 * stream + 1)) }
        #expect(connection.edge.responder.requests.count == 50)
    }

    // MARK: Ends

    @Test func `A client that resets its stream has left, and is not answered`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.holdsReplies = true
        try connection.post("x", on: 1)
        try connection.send(1, .rstStream(.cancel))
        connection.edge.responder.held[0](Reply(status: 200))
        try connection.exchange()
        #expect(connection.response(on: 1).statuses == [] && connection.edge.edge.counts.abandoned == 1)
        #expect(connection.isOpen)
    }

    @Test func `While the gateway goes down the client is told, and what it has begun is answered`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.holdsReplies = true
        try connection.post("x", on: 1)
        connection.edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try connection.exchange()
        // The first says so, the second, behind the client's answer to a PING, which stream was the last.
        #expect(connection.goodbyes.map(\.last) == [.maxID, 1])
        #expect(connection.isOpen)
        connection.edge.responder.held[0](Reply(status: 200))
        try connection.exchange()
        #expect(connection.response(on: 1).statuses == [200] && !connection.isOpen)
    }

    @Test func `A request that was under way when the gateway went down is answered`() throws {
        let connection = try HTTP2Harness()
        try connection.post("x", on: 1)
        try connection.post("y", on: 3) {
            connection.edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        #expect(connection.response(on: 3).content == "y" && !connection.isOpen)
        #expect(connection.goodbyes.map(\.last) == [.maxID, 3])
    }

    @Test func `A client that answers no PING while the gateway goes down gets a second`() throws {
        let connection = try HTTP2Harness()
        connection.edge.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(connection.isOpen)
        connection.edge.loop.advanceTime(by: .seconds(1))
        #expect(!connection.isOpen)
    }

    @Test func `A client that says nothing more and lets no reply through is not waited for`() throws {
        let connection = try HTTP2Harness(settings: [HTTP2Setting(parameter: .initialWindowSize, value: 0)])
        connection.edge.responder.holdsReplies = true
        try connection.post("x", on: 1)
        try connection.post("y", on: 3)
        connection.edge.responder.held[0](ScriptedResponder.ok(connection.edge.responder.requests[0]))
        connection.edge.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(connection.isOpen)
        connection.edge.responder.held[1](ScriptedResponder.ok(connection.edge.responder.requests[1]))
        #expect(!connection.isOpen)
    }

    @Test func `A client that says nothing more gets the replies that it is owed`() throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.holdsReplies = true
        try connection.post("x", on: 1)
        try connection.send(3, .post())
        connection.edge.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(connection.isOpen)
        connection.edge.responder.held[0](Reply(status: 200))
        try connection.exchange()
        #expect(connection.response(on: 1).statuses == [200] && connection.response(on: 3).reset == .cancel)
        #expect(!connection.isOpen)
    }
}
