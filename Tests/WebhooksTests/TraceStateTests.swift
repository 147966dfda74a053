import NIOCore
import Testing

@testable import Webhooks

@Suite("What a trace hands on")
struct TraceStateTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func context(_ states: String..., parent: String = parent) -> TraceContext? {
        TraceContext.of(HeaderFields([("traceparent", parent)] + states.map { ("TraceState", $0) }))
    }

    @Test(
        "a valid one is passed on unchanged",
        arguments: ["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE,rojo=1", "a@b=1, c/d_e-f*=x y ,,0=!", "a="]
    )
    func unchanged(_ state: String) {
        let context = context(state)
        #expect(context?.parent == TraceStateTests.parent && context?.state == state)
    }

    @Test("several fields are one, in their order, and blanks are blanks")
    func joined() {
        #expect(context("a=1", "b=2,c=3", "d=4")?.state == "a=1,b=2,c=3,d=4")
        #expect(context("a=1,\tb=2")?.state == "a=1, b=2")
    }

    @Test(
        "one that is not valid is dropped, and the trace stays",
        arguments: [
            "", ",", "a", "A=1", "=1", "a=1=2", "a=\u{1}", "a=é", "a=1,-b=2", "a=\r\nb: c",
            (0..<33).map { "k\($0)=1" }.joined(separator: ","), String(repeating: "k", count: 257) + "=1",
        ]
    )
    func dropped(_ state: String) {
        #expect(context(state) == TraceContext(parent: TraceStateTests.parent))
        #expect(context(state)?.state == nil)
    }

    @Test("without a valid traceparent there is none")
    func orphaned() {
        #expect(context("a=1", parent: "00-1-2-3") == nil)
        #expect(TraceContext.of(HeaderFields([("tracestate", "a=1")])) == nil)
    }

    @Test("more than 512 bytes lose whole entries: the long ones first, then the last")
    func bounded() {
        let long = "long=" + String(repeating: "x", count: 200)
        let short = (0..<20).map { "k\($0)=" + String(repeating: "y", count: 15) }
        let all = [long] + short
        #expect(all.joined(separator: ",").utf8.count > 512)
        #expect(context(all.joined(separator: ","))?.state == short.joined(separator: ","))
        let many = (10..<41).map { "k\($0)=" + String(repeating: "y", count: 20) }
        let kept = context(many.joined(separator: ","))?.state
        #expect(kept == many.prefix(20).joined(separator: ",") && (kept?.utf8.count ?? 0) <= 512)
        let exact = "a=" + String(repeating: "x", count: 253) + ",b=" + String(repeating: "x", count: 254)
        #expect(exact.utf8.count == 512 && context(exact)?.state == exact)
    }

    @Test("events carry it in both modes, and nothing where there is none")
    func event() {
        func event(_ trace: TraceContext?) -> Event {
            let type = EventType(namespace: "io.sipgate", name: "call.started")
            let draft = EventDraft(type: type, subject: "1", data: ByteBuffer(string: "{}"))
            let time = Timestamp(milliseconds: 1)
            return Event(id: EventID(time: time, random: (1, 2)), source: "s", time: time, draft: draft, trace: trace)
        }
        func text(_ event: Event) -> String {
            var buffer = ByteBuffer()
            buffer.writeCloudEvent(event)
            return String(buffer: buffer)
        }
        let full = event(TraceContext(parent: TraceStateTests.parent, state: "a=1, b=2"))
        let attributes = #""traceparent":"\#(TraceStateTests.parent)","tracestate":"a=1, b=2""#
        #expect(text(full).contains(attributes))
        func fields(_ event: Event) -> [String] {
            CloudEvent.binaryModeFields(of: event).map { "\($0.name): \($0.value)" }
        }
        #expect(fields(full).contains("ce-tracestate: a=1,%20b=2"))
        for plain in [event(TraceContext(parent: TraceStateTests.parent)), event(nil)] {
            #expect(!text(plain).contains("tracestate"))
            #expect(!fields(plain).contains { $0.hasPrefix("ce-tracestate") })
        }
    }
}
