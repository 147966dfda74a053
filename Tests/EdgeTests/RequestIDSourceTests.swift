import NIOCore
import NIOHPACK
import NIOHTTP2
import Testing
import Webhooks

@testable import Edge

@Suite("Requests get ids")
struct RequestIDSourceTests {
    private static let noon = Timestamp(milliseconds: 1_795_435_200_000)

    @Test("no two of one process are the same: not of two loops, not in one second, not with the clock put back")
    func distinct() {
        var seen: Set<RequestID> = []
        var made = 0
        var sources = [0, 1, 1023].map { RequestIDSource(loop: $0, key: 0xDEAD_BEEF) }
        for step in [0, 0, -5000, 1000] as [Int64] {
            let now = Timestamp(milliseconds: RequestIDSourceTests.noon.milliseconds + step)
            for _ in 0..<20_000 {
                for index in sources.indices {
                    seen.insert(sources[index].next(at: now))
                    made += 1
                }
            }
        }
        #expect(seen.count == made)
    }

    @Test("when a loop has used up its numbers of a second, it goes on in the next")
    func exhausted() {
        var source = RequestIDSource(loop: 3, key: 1)
        let first = source.next(at: RequestIDSourceTests.noon)
        for _ in 1..<(1 << 22) { _ = source.next(at: RequestIDSourceTests.noon) }
        let next = source.next(at: RequestIDSourceTests.noon)
        #expect(next != first && next.value >> 32 == first.value >> 32 + 1)
    }

    @Test("two processes give out other ids in the same second")
    func processes() {
        var one = RequestIDSource(loop: 0, key: 1)
        var other = RequestIDSource(loop: 0, key: 0x8000_0001)
        let ids = Set((0..<1000).map { _ in one.next(at: RequestIDSourceTests.noon) })
        #expect(ids.isDisjoint(with: (0..<1000).map { _ in other.next(at: RequestIDSourceTests.noon) }))
    }

    @Test("good replies and refusals carry one, each its own, and never the client's")
    func http1() throws {
        let edge = try EdgeHarness()
        try edge.send(post("a", headers: "X-Request-Id: mine\r\n") + post("b") + "nonsense\r\n\r\n")
        let replies = try edge.received().components(separatedBy: "HTTP/1.1 ").dropFirst()
        let ids = replies.compactMap { $0.components(separatedBy: "X-Request-Id: ").dropFirst().first?.prefix(12) }
        #expect(replies.count == 3 && Set(ids).count == 3)
        #expect(ids.allSatisfy { RequestID(String($0)) != nil })
        #expect(edge.responder.screenings.map(\.id.description) == ids.prefix(2).map(String.init))
        #expect(replies.last?.hasPrefix("400 ") == true)
        #expect(replies.last?.hasSuffix("\"request\":\"\(ids.last ?? "")\"}") == true)
    }

    @Test("in HTTP/2 as well, though replies of one second share their fields")
    func http2() throws {
        let client = try HTTP2Harness()
        for stream in [1, 3] as [HTTP2StreamID] { try client.post("a", on: stream) }
        client.edge.responder.refusal = .refusal(.unknownPath)
        try client.post("c", on: 5)
        let responses = [1, 3, 5].map { client.response(on: HTTP2StreamID($0)) }
        let ids = responses.compactMap { $0.fields["x-request-id"] }
        #expect(Set(ids).count == 3)
        #expect(client.edge.responder.screenings.map(\.id.description) == ids)
        #expect(responses[2].content.hasSuffix("\"request\":\"\(ids.last ?? "")\"}"))
    }
}
