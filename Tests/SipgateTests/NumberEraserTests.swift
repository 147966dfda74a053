import Foundation
import HookgateTesting
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Erasing a number")
struct NumberEraserTests: CallPushes {
    private static let number = "+49 8999 998071"

    private func erased(_ data: String, _ number: String = NumberEraserTests.number) throws -> String? {
        try NumberEraser(number).erase(ByteBuffer(string: data)).map { String(buffer: $0) }
    }

    @Test(
        "it is found however it is written",
        arguments: [
            "+498999998071", "498999998071", "00498999998071", "08999998071", "8999998071", "9998071",
            "+49 8999 998071", "0049/8999-998071", "(0049) 8999.998071", "call 08999998071 now",
        ]
    )
    func spellings(_ text: String) throws {
        #expect(try erased(#"{"a":"\#(text)"}"#) == #"{"a":"erased"}"#)
    }

    @Test(
        "it is not found as a part of another, nor in what is no text",
        arguments: [
            #""4989999980711""#, #""+4308999998071""#, #""+9998071""#, #""998071""#, "498999998071",
            #""498999998072""#, #""x498999998071x4""#.replacing("x4\"", with: "4\""), #""""#,
        ]
    )
    func others(_ value: String) throws {
        #expect(try erased(#"{"a":\#(value)}"#) == nil)
    }

    @Test("the rest stays as it is, identifiers of calls too")
    func rest() throws {
        let before =
            #"{"leg":"498999998071","n":1.50,"t":true,"z":null,"from":{"kind":"number","e164":"+498999998071","raw":"#
            + #""498999998071"},"to":{"kind":"number","e164":"+4930","raw":"4930"},"direction":"in","users":[{"name":"Ida"}]}"#
        let after =
            #"{"leg":"498999998071","n":1.50,"t":true,"z":null,"from":{"kind":"erased","raw":"erased"},"#
            + #""to":{"kind":"number","e164":"+4930","raw":"4930"},"direction":"in","users":[{"name":"Ida"}]}"#
        #expect(try erased(before) == after)
        #expect(try erased(after) == nil)
    }

    @Test("names go with the number of their own side")
    func names() throws {
        let incoming =
            #"{"direction":"in","to":{"kind":"number","raw":"498999998071"},"users":[{"name":"Ida","id":"w1"}],"userIds":["w1"]}"#
        #expect(
            try erased(incoming)
                == #"{"direction":"in","to":{"kind":"erased","raw":"erased"},"users":[{"name":"erased"}]}"#
        )
        let outgoing = #"{"direction":"out","to":{"kind":"number","raw":"498999998071"},"users":[{"name":"Ida"}]}"#
        #expect(try erased(outgoing)?.contains("Ida") == true)
        // Of a whole story, the names of the leg that is concerned.
        let story =
            #"{"direction":"in","from":{"kind":"number","raw":"1234567"},"to":{"kind":"number","raw":"49302222222"},"#
            + #""users":[{"name":"Ida"},{"name":"Bob"}],"answeredBy":[{"name":"Ida"}],"legs":[{"direction":"in","#
            + #""to":{"kind":"number","raw":"498999998071"},"users":[{"name":"Ida"}]},{"direction":"in","to":"#
            + #"{"kind":"number","raw":"49302222222"},"users":[{"name":"Bob"}]}]}"#
        let erased = try #require(try erased(story))
        #expect(!erased.contains("Ida") && erased.components(separatedBy: "Bob").count == 3)
    }

    @Test("fields that nobody knows lose their values, and pressed keys are nobody's business")
    func extra() throws {
        let data = #"{"diversion":"08999998071","extra":{"caller":["Zoe","x"]},"digits":"498999998071"}"#
        #expect(
            try erased(data) == #"{"diversion":"erased","extra":{"caller":["erased","erased"]},"digits":""}"#
        )
    }

    @Test(
        "what has no country code, or is no number, is refused",
        arguments: ["0211 5566778", "110", "", "+49x", "1234567890123456", "++495566778899"]
    )
    func refused(_ text: String) {
        #expect(throws: NumberEraser.Problem.self) { try NumberEraser(text) }
    }

    @Test("what is left of every flow follows the schemas, and a tracker that reads it back joins nobody by it")
    func flows() throws {
        var events: [String] = []
        var numbers: Set<String> = []
        var drafts: [(EventDraft, Timestamp)] = []
        for flow in CallFlow.all {
            let tracker = CallTracker()
            for push in flow.pushes {
                let time = CallTracker.start.adding(push.at)
                let observation = CallObservation(push.push)
                for raw in [observation.from?.raw, observation.to?.raw] {
                    if let raw, PhoneNumber(raw)?.kind == .number, raw.count > 7 { numbers.insert(raw) }
                }
                let tracked = tracker.observe(observation, at: time)
                drafts.append(
                    (CallNormalizer().draft(of: push.push) { json in tracked.context.write(to: &json) }, time)
                )
                drafts += tracked.derived.map { ($0.draft, $0.time) }
            }
            drafts += tracker.advance(to: CallTracker.never).map { ($0.draft, $0.time) }
        }
        try #require(numbers.count >= 3)
        for number in numbers {
            let eraser = try NumberEraser(number)
            for (draft, time) in drafts {
                guard let data = eraser.erase(draft.data) else { continue }
                #expect(!String(buffer: data).contains(number), "\(String(buffer: data))")
                var draft = draft
                draft.data = data
                var buffer = ByteBuffer()
                let id = EventID(time: time, random: (1, 2))
                buffer.writeCloudEvent(Event(id: id, source: "https://h.example/hooks", time: time, draft: draft))
                events.append(String(buffer: buffer))
            }
        }
        try #require(events.count > 50)
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/schemas/check.py").standardizedFileURL.path()
        let result = try Command.runBlocking("python3", [script], input: events.joined(separator: "\n"))
        for (event, verdict) in zip(events, result.output.split(separator: "\n")) {
            #expect(verdict == "ok", "\(event)")
        }
        #expect(result.output.split(separator: "\n").count == events.count, "\(result.error)")
        let data = ByteBuffer(
            string: #"{"leg":"A","direction":"in","from":{"kind":"erased","raw":"erased"},"diversion":"erased"}"#
        )
        let read = try #require(CallObservation(type: "call.started", data: data))
        #expect(read.from == nil && read.diversion == nil)
    }
}
