import Foundation
import HookgateTesting
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("JSON Schema")
struct SchemaTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/schemas").standardizedFileURL

    @Test("what is written for every valid vector follows the schema of its type")
    func vectors() throws {
        let events = try Vector.valid.map { SchemaTests.event(try $0.draft()) }
        let verdicts = try SchemaTests.check(events)
        #expect(verdicts.count == events.count)
        for (vector, verdict) in zip(Vector.valid, verdicts) where verdict != "ok" {
            Issue.record("\(vector.name): \(verdict)")
        }
    }

    @Test("what is written for pushes nobody thought of follows the schemas too")
    func randomPushes() throws {
        var events: [String] = []
        for number in 0..<300 as Range<UInt64> {
            var generator = PushGenerator(seed: number)
            let drafts = try SipgateProvider.forTests().webhook(String(buffer: generator.push())).drafts()
            events.append(contentsOf: drafts.map(SchemaTests.event))
        }
        for (number, verdict) in try SchemaTests.check(events).enumerated() where verdict != "ok" {
            Issue.record("seed \(number): \(verdict)")
        }
    }

    /// Changes to a valid event, each of which breaks a promise.
    private static let breaches = [
        (#""leg":"1""#, #""leg":1"#),
        (#""leg":"1""#, #""leg":"1","call":null"#),
        (#""leg":"1""#, #""leg":"1","unknown":"x""#),
        (#""leg":"1","#, ""),
        (#""leg":"1""#, #""leg":"""#),
        (#""leg":"1""#, #""leg":"2""#),
        (#""leg":"1""#, #""leg":"1","leg":"1""#),
        (#""leg":"1""#, #""leg":"1","extra":{"a":"b"}"#),
        (#""leg":"1""#, #""leg":"1","digits":"1""#),
        (#""direction":"in""#, #""direction":"IN""#),
        (#""kind":"number""#, #""kind":"short""#),
        (#""e164":"+493023125401","#, ""),
        (#""voicemail":false"#, #""voicemail":"no""#),
        (#","voicemail":false"#, ""),
        (#""specversion":"1.0""#, #""specversion":"0.3""#),
        (#""time":"2026"#, #""time":"26"#),
        (#"call.started"#, #"call.begun"#),
    ]

    @Test("the schemas refuse what the events promise never to be")
    func strict() throws {
        let body = "event=newCall&direction=in&from=498999998071&to=493023125401&callId=1&user[]=Ida"
        let drafts = try SipgateProvider.forTests().webhook(body).drafts()
        let event = SchemaTests.event(try #require(drafts.first))
        let broken = SchemaTests.breaches.map { event.replacing($0.0, with: $0.1) }
        let verdicts = try SchemaTests.check([event] + broken)
        try #require(verdicts.count == 1 + broken.count)
        #expect(verdicts[0] == "ok")
        for (breach, (broken, verdict)) in zip(SchemaTests.breaches, zip(broken, verdicts.dropFirst())) {
            #expect(broken != event, "\(breach) changes nothing")
            #expect(verdict.hasPrefix("line "), "\(breach) is not refused")
        }
    }

    /// The event as a destination gets it.
    private static func event(_ draft: EventDraft) -> String {
        var buffer = ByteBuffer()
        let time = Timestamp(milliseconds: 1_795_415_105_123)
        let id = EventID(time: time, random: (1, 2))
        buffer.writeCloudEvent(Event(id: id, source: "https://h.example/hooks", time: time, draft: draft))
        return String(buffer: buffer)
    }

    /// What Python's jsonschema says about each event.
    static func check(_ events: [String]) throws -> [String] {
        let script = directory.appending(path: "check.py").path()
        let result = try Command.runBlocking("python3", [script], input: events.joined(separator: "\n"))
        let text = result.output + result.error
        try #require(
            result.status == 0 || result.status == 1,
            "needs python3 and its jsonschema (apt-get install python3 python3-jsonschema): \(text)"
        )
        return text.split(separator: "\n").map(String.init)
    }
}
