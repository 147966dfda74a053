import NIOCore
import NIOEmbedded
import Testing
import Webhooks

@testable import Edge

/// Requests whose end two parsers could see in different places: refused, and the connection closed.
@Suite struct FramingRulesTests {
    private static let ambiguous: [(String, String)] = [
        ("both length fields", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("both length fields, chunked first", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        ("differing lengths", "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ("equal lengths", "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        ("a list of lengths", "Content-Length: 1, 1\r\n\r\na"),
        ("a length with a sign", "Content-Length: +1\r\n\r\na"),
        ("a negative length", "Content-Length: -1\r\n\r\na"),
        ("a hexadecimal length", "Content-Length: 0x1\r\n\r\na"),
        ("a length with a space inside", "Content-Length: 1 1\r\n\r\na"),
        ("an empty length", "Content-Length: \r\n\r\n"),
        ("a coding before chunked", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("a coding after chunked", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("an unknown coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("identity coding", "Transfer-Encoding: identity\r\n\r\n"),
        ("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
        ("a vertical tab before chunked", "Transfer-Encoding: \u{0B}chunked\r\n\r\n0\r\n\r\n"),
        ("a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        ("a folded line", "X-A: a\r\n b\r\n\r\n"),
        ("a folded coding", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        ("a folded length", "Content-Length:\r\n 1\r\n\r\na"),
        ("a bare CR in a value", "X-A: a\rb\r\n\r\n"),
        ("a bare LF after a value", "X-A: a\nContent-Length: 1\r\n\r\na"),
        ("a bare LF as the empty line", "Content-Length: 0\r\n\n"),
        ("a NUL in a value", "X-A: a\u{0}b\r\n\r\n"),
        ("a control character in a value", "X-A: a\u{1}b\r\n\r\n"),
        ("a NUL in a name", "X\u{0}A: a\r\n\r\n"),
        ("no name", ": a\r\n\r\n"),
        ("no colon", "X-A\r\n\r\n"),
        ("a line that begins with a space", " X-A: a\r\n\r\n"),
        ("a chunk size with a sign", "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n"),
        ("a chunk size with a prefix", "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
        ("a chunk size beyond 64 bits", "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\na\r\n0\r\n\r\n"),
        ("a negative chunk size", "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n"),
        ("an empty chunk size", "Transfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n"),
        ("a bare LF after a chunk size", "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n"),
        ("a bare LF after a chunk", "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n"),
        ("a chunk longer than its size", "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
        ("a bare CR in a chunk extension", "Transfer-Encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n"),
    ]

    @Test(arguments: ambiguous)
    func `Ambiguous framing is refused and the connection closed`(name: String, rest: String) throws {
        let edge = try EdgeHarness()
        try? edge.send("POST / HTTP/1.1\r\nHost: a\r\n" + rest)
        let reply = try edge.received()
        #expect(EdgeHarness.statuses(in: reply) == [400], "\(name): \(reply)")
        #expect(!edge.isOpen, "\(name)")
        #expect(edge.responder.requests.isEmpty, "\(name)")
    }

    @Test(arguments: [
        ("nothing but a word", "hello\r\n\r\n"),
        ("no version", "POST /\r\nHost: a\r\n\r\n"),
        ("HTTP/0.9", "GET / HTTP/0.9\r\n\r\n"),
        ("HTTP/2.0", "POST / HTTP/2.0\r\nHost: a\r\n\r\n"),
        ("HTTP/1.10", "POST / HTTP/1.10\r\nHost: a\r\n\r\n"),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("an unknown method", "FROB / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a method in lower case", "post / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space in the target", "POST /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a NUL in the target", "POST /a\u{0}b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no host", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
        ("two hosts", "POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("a TLS record", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\r\n\r\n"),
    ])
    func `What is no HTTP request is refused and the connection closed`(name: String, bytes: String) throws {
        let edge = try EdgeHarness()
        try? edge.send(bytes)
        #expect(try edge.statuses() == [400], "\(name)")
        #expect(!edge.isOpen, "\(name)")
        #expect(edge.responder.requests.isEmpty, "\(name)")
    }

    @Test func `An expectation that nobody can meet is refused`() throws {
        let edge = try EdgeHarness()
        try edge.send(post("x", headers: "Expect: a-miracle\r\n"))
        #expect(try edge.statuses() == [417])
        #expect(!edge.isOpen)
    }

    @Test func `A request hidden behind a refused one is never seen`() throws {
        let edge = try EdgeHarness()
        let smuggled = post("hidden")
        try? edge.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(smuggled.utf8.count)\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "0\r\n\r\n" + smuggled
        )
        #expect(try edge.statuses() == [400])
        #expect(edge.responder.requests.isEmpty)
    }

    @Test func `A bad request behind a good one costs the good one nothing`() throws {
        let edge = try EdgeHarness()
        edge.responder.holdsReplies = true
        try? edge.send(post("good") + "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
        edge.responder.held[0](ScriptedResponder.ok(edge.responder.requests[0]))
        let reply = try edge.received()
        #expect(EdgeHarness.statuses(in: reply) == [200])
        #expect(reply.hasSuffix("good"))
        #expect(!edge.isOpen)
    }

    @Test func `A request to switch protocols is answered, and is the last of its connection`() throws {
        let edge = try EdgeHarness()
        try edge.send(post("x", headers: "Connection: upgrade\r\nUpgrade: h2c\r\n"))
        let reply = try edge.received()
        #expect(EdgeHarness.statuses(in: reply) == [200])
        #expect(!edge.isOpen)
    }

    @Test func `Trailers are read over and count as fields`() throws {
        let edge = try EdgeHarness()
        try edge.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n")
        #expect(try edge.statuses() == [200])
        let many = try EdgeHarness()
        try? many.send(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
                + String(repeating: "T: 1\r\n", count: 200) + "\r\n"
        )
        #expect(try many.statuses() == [431])
    }
}
