import NIOCore
import NIOEmbedded
import Testing

@testable import Delivery

/// One connection over an embedded channel: which responses are which outcomes, and what becomes of the connection.
@Suite struct UpstreamConnectionTests {
    private static let responses: [(text: String, outcome: AttemptOutcome, isReused: Bool)] = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", .delivered(status: 200), true),
        ("HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nhello", .delivered(status: 202), true),
        ("HTTP/1.1 204 No Content\r\n\r\n", .delivered(status: 204), true),
        ("HTTP/1.1 299\r\ncontent-length: 0\r\n\r\n", .delivered(status: 299), true),
        ("HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n", .refused(status: 302), true),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", .refused(status: 304), true),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", .refused(status: 404), true),
        ("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", .refused(status: 503), false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n", .delivered(status: 200), false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", .delivered(status: 200), false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n", .delivered(status: 200), true),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-t: 1\r\n\r\n",
            .delivered(status: 200), true
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                + "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
            .delivered(status: 201), true
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", .refused(status: 101), false),
        ("SSH-2.0-OpenSSH_9.2\r\n", .protocolError, false),
        ("HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n", .protocolError, false),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", .protocolError, false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", .protocolError, false),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", .protocolError, false),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}", .protocolError, false),
        ("HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 101) + "\r\n", .protocolError, false),
        ("HTTP/1.1 200 OK\r\na: " + String(repeating: "b", count: 33_000) + "\r\n\r\n", .protocolError, false),
    ]

    @Test(arguments: responses)
    func `a response is what its status says, and the connection is kept if it may be`(
        _ text: String,
        _ outcome: AttemptOutcome,
        _ isReused: Bool
    ) throws {
        let bench = EmbeddedBench()
        let recorded = bench.forward()
        try bench.receive(text, on: 0)
        #expect(recorded.outcome == outcome)
        #expect(bench.channels[0].isActive == isReused)
        _ = bench.forward()
        #expect(bench.channels.count == (isReused ? 1 : 2))
    }

    @Test(arguments: responses)
    func `a response is the same in every split`(_ text: String, _ outcome: AttemptOutcome, _ isReused: Bool) throws {
        let bytes = Array(text.utf8)
        let splits = bytes.count > 300 ? Array(stride(from: 1, to: bytes.count, by: 997)) : Array(1..<bytes.count)
        for split in splits {
            let bench = EmbeddedBench()
            let recorded = bench.forward()
            try bench.receive(String(decoding: bytes[..<split], as: UTF8.self), on: 0)
            if bench.channels[0].isActive {
                try bench.receive(String(decoding: bytes[split...], as: UTF8.self), on: 0)
            }
            #expect(recorded.outcome == outcome)
            #expect(bench.channels[0].isActive == isReused)
        }
    }

    @Test func `a response comes byte by byte`() throws {
        let bench = EmbeddedBench()
        for _ in 0..<3 {
            let recorded = bench.forward()
            for character in "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r" {
                try bench.receive(String(character), on: 0)
                #expect(recorded.outcome == nil)
            }
            try bench.receive("\n", on: 0)
            #expect(recorded.outcome == .delivered(status: 200))
        }
        #expect(bench.channels.count == 1)
    }

    @Test func `a response without a length ends with its connection`() throws {
        let bench = EmbeddedBench()
        let recorded = bench.forward()
        try bench.receive("HTTP/1.1 200 OK\r\n\r\nall of it", on: 0)
        #expect(recorded.outcome == nil)
        bench.close(0)
        #expect(recorded.outcome == .delivered(status: 200))
    }

    @Test(arguments: [
        "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ])
    func `a response that is cut off is none, and is not asked for again`(_ text: String) throws {
        for isReused in [false, true] {
            let bench = EmbeddedBench()
            if isReused {
                _ = bench.forward()
                try bench.receive("HTTP/1.1 204 No Content\r\n\r\n", on: 0)
            }
            let recorded = bench.forward()
            try bench.receive(text, on: 0)
            bench.close(0)
            #expect(recorded.outcome == .protocolError)
            #expect(bench.channels.count == 1)
        }
    }

    @Test func `a socket error in a response without a length is not its end`() throws {
        let bench = EmbeddedBench()
        let recorded = bench.forward()
        try bench.receive("HTTP/1.1 200 OK\r\n\r\nhalf of", on: 0)
        bench.channels[0].pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
        bench.loop.run()
        #expect(recorded.outcome == .protocolError)
        #expect(!bench.channels[0].isActive)
    }

    @Test func `content past the bound is not waited for, the status counts`() throws {
        let bench = EmbeddedBench()
        let recorded = bench.forward()
        try bench.receive("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", on: 0)
        let part = String(repeating: "x", count: 16_000)
        for _ in 0..<6 {
            try bench.receive(part, on: 0)
            #expect(recorded.outcome == nil)
        }
        try bench.receive(part, on: 0)
        #expect(recorded.outcome == .delivered(status: 200))
        #expect(!bench.channels[0].isActive)
    }

    @Test func `interim responses without an end are cut off`() throws {
        let bench = EmbeddedBench()
        let recorded = bench.forward()
        var sent = 0
        while bench.channels[0].isActive, sent < 200_000 {
            let text = "HTTP/1.1 102 Processing\r\nx: " + String(repeating: "y", count: 1000) + "\r\n\r\n"
            try bench.receive(text, on: 0)
            sent += text.utf8.count
        }
        #expect(recorded.outcome == .protocolError)
        #expect(sent < 100_000)
    }

    @Test(arguments: ["x", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 408 Timeout\r\n\r\n"])
    func `bytes on an idle connection close it`(_ text: String) throws {
        let bench = EmbeddedBench()
        let first = bench.forward()
        try bench.receive("HTTP/1.1 204 No Content\r\n\r\n", on: 0)
        #expect(first.outcome == .delivered(status: 204))
        try bench.receive(text, on: 0)
        #expect(!bench.channels[0].isActive)
        let second = bench.forward()
        #expect(second.outcome == nil)
        #expect(bench.channels.count == 2)
    }

    @Test func `a second response in the same read is never taken for the next one`() throws {
        let bench = EmbeddedBench(concurrency: 1)
        let first = bench.forward(makeEvent(1))
        let second = bench.forward(makeEvent(2))
        try bench.receive(
            "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            on: 0
        )
        #expect(first.outcome == .refused(status: 503))
        #expect(second.outcome == nil)
        #expect(!bench.channels[0].isActive)
        try bench.receive("HTTP/1.1 204 No Content\r\n\r\n", on: 1)
        #expect(second.outcome == .delivered(status: 204))
    }
}
