import NIOCore
import NIOEmbedded
import NIOHTTP2
import TLS
import Testing
import Webhooks

@testable import Edge

/// Keeps everything.
private final class Shelf: RefusalKeeper {
    var requests: [RefusedRequest] = []
    var connections: [EndedConnection] = []
    var isFull = false

    func wants(_ reason: ReasonCode, at now: NIODeadline) -> Bool { !isFull }
    func keep(_ request: RefusedRequest) { requests.append(request) }
    func wants(_ reason: EndedConnection.Reason, at now: NIODeadline) -> Bool { !isFull }
    func keep(_ connection: EndedConnection) { connections.append(connection) }
}

@Suite("What was refused is handed over to be kept")
struct RefusalKeeperTests {
    private let shelf = Shelf()

    @Test("with its head and content, as far as they were read, and the id of its reply")
    func http1() throws {
        let edge = try EdgeHarness(keeper: shelf)
        edge.responder.answer = .refusal(Rejection(.invalidNumber, field: "from"))
        try edge.send(post("a=1", headers: "X-Some: thing\r\n"))
        edge.responder.answer = nil
        try edge.send(post("b=2"))
        edge.responder.refusal = .refusal(.unknownPath)
        try edge.send(post("c=3", to: "/nowhere"))
        let replies = try edge.received()
        #expect(shelf.requests.map(\.reply.reason) == [.invalidNumber, .unknownPath])
        let first = try #require(shelf.requests.first)
        #expect(first.reply.field == "from" && first.body.map { String(buffer: $0) } == "a=1")
        #expect(first.head?.headers.values("x-some") == ["thing"] && first.connection.listener == "192.0.2.1:8443")
        #expect(first.connection.http == "1.1" && first.client.description == "192.0.2.7")
        let last = try #require(shelf.requests.last)
        // Content that nobody wanted is not kept for this either.
        #expect(last.body == nil && last.head?.target == "/nowhere")
        #expect(shelf.requests.allSatisfy { replies.contains("X-Request-Id: \($0.id)\r\n") })
    }

    @Test("also when its framing condemns it, and when it never came to be")
    func framing() throws {
        let edge = try EdgeHarness(keeper: shelf)
        try edge.send("POST /hooks HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n")
        #expect(shelf.requests.first?.reply.reason == .malformedRequest)
        #expect(shelf.requests.first?.head?.headers.values("host") == ["a", "b"])
        let other = try EdgeHarness(keeper: shelf)
        try other.send("nonsense\r\n\r\n")
        #expect(shelf.requests.count == 2 && shelf.requests.last?.head == nil)
        let slow = try EdgeHarness(keeper: shelf)
        try slow.send("POST /hooks HTTP/1.1\r\n")
        slow.loop.advanceTime(by: .seconds(11))
        #expect(shelf.requests.last?.reply.reason == .headerTimeout)
    }

    @Test("in HTTP/2 as well")
    func http2() throws {
        let client = try HTTP2Harness(keeper: shelf)
        client.edge.responder.answer = .refusal(Rejection(.missingField, field: "callId"))
        try client.post("a=1", on: 1, fields: [("x-some", "thing")])
        try client.post("b", on: 3, to: "/" + String(repeating: "a", count: 9000))
        #expect(shelf.requests.map(\.reply.reason) == [.missingField, .targetTooLong])
        #expect(shelf.requests[0].body.map { String(buffer: $0) } == "a=1")
        #expect(shelf.requests[0].head?.headers.values("x-some") == ["thing"])
        #expect(shelf.requests[0].connection.http == "2")
        #expect(shelf.requests[1].head?.target.utf8.count == 9001 && shelf.requests[1].head?.method == "POST")
        #expect(client.response(on: 1).fields["x-request-id"] == shelf.requests[0].id.description)
    }

    @Test("with the path that its own responder shows, also when another has taken over", arguments: [true, false])
    func takenOver(isHTTP2: Bool) throws {
        let client = isHTTP2 ? try HTTP2Harness(keeper: shelf) : nil
        let edge = try client?.edge ?? EdgeHarness(keeper: shelf)
        edge.responder.holdsReplies = true
        if let client {
            try client.post("a=1", on: 1, to: "/hooks/answer/token")
        } else {
            try edge.send(post("a=1", to: "/hooks/answer/token"))
        }
        let other = ScriptedResponder()
        edge.edge.responder = other
        edge.responder.held.first?(.refusal(.tokenWrong))
        #expect(shelf.requests.map(\.path) == ["/hooks/answer/token"])
        #expect(!edge.responder.logged.isEmpty && other.logged.isEmpty)
    }

    @Test("not what the keeper does not want, and nothing of good requests")
    func unwanted() throws {
        let edge = try EdgeHarness(keeper: shelf)
        try edge.send(post("a=1"))
        shelf.isFull = true
        edge.responder.refusal = .refusal(.unknownPath)
        try edge.send(post("a=1"))
        #expect(shelf.requests.isEmpty && edge.edge.counts[.unknownPath] == 1)
    }

    @Test("connections that end in their handshake, in the words of their error")
    func handshakes() throws {
        let edge = EdgeLoop(responder: ScriptedResponder(), keeper: shelf)
        for error in [TLSError.plaintextHTTP, .handshakeTimedOut] {
            try EdgeHarness(edge: edge, agreed: nil).channel.pipeline.fireErrorCaught(error)
        }
        let words = shelf.connections.map { connection -> String in
            switch connection.reason {
            case .handshake(let failure): "\(failure.rawValue): \(connection.words ?? "")"
            case .refused(let refusal): refusal.rawValue
            }
        }
        #expect(words == ["plain_http: plain HTTP on a TLS port", "timed_out: TLS handshake timed out"])
    }

    @Test("of connections that the keeper does not want, neither words nor an id are made")
    func flood() {
        shelf.isFull = true
        let edge = EdgeLoop(responder: ScriptedResponder(), keeper: shelf)
        var made = 0
        func words() -> String {
            made += 1
            return "words"
        }
        let client = ClientAddress(nil)
        edge.ended(.handshake(.failed), words: words(), client: client, listener: "a", at: .now())
        #expect(made == 0 && shelf.connections.isEmpty)
        shelf.isFull = false
        edge.ended(.handshake(.failed), words: words(), client: client, listener: "a", at: .now())
        #expect(made == 1 && shelf.connections.map(\.words) == ["words"])
    }
}
