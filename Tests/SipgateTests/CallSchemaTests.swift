import Foundation
import HookgateTesting
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("JSON Schema of calls")
struct CallSchemaTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/schemas").standardizedFileURL.path()

    private func event(_ draft: EventDraft, at time: Timestamp) -> String {
        var buffer = ByteBuffer()
        let id = EventID(time: time, random: (1, 2))
        buffer.writeCloudEvent(Event(id: id, source: "https://h.example/hooks", time: time, draft: draft))
        return String(buffer: buffer)
    }

    @Test(
        "what is written for every flow, in order and in disorder, follows the schemas",
        arguments: [nil, 1, 2, 3] as [UInt64?]
    )
    func flows(_ seed: UInt64?) throws {
        var events: [String] = []
        var kinds: Set<String> = []
        for flow in CallFlow.all {
            var pushes = flow.pushes
            if let seed {
                var random = SeededRandom(seed: seed)
                pushes = (pushes + pushes).shuffled(using: &random).filter { _ in Bool.random(using: &random) }
            }
            let tracker = CallTracker()
            var derived: [DerivedEvent] = []
            for push in pushes {
                let time = CallTracker.start.adding(push.at)
                let tracked = tracker.observe(CallObservation(push.push), at: time)
                let draft = CallNormalizer().draft(of: push.push) { json in tracked.context.write(to: &json) }
                events.append(event(draft, at: time))
                derived += tracked.derived
            }
            derived += tracker.advance(to: CallTracker.never)
            events += derived.map { event($0.draft, at: $0.time) }
            kinds.formUnion(derived.map(\.kind.rawValue))
        }
        if seed == nil { #expect(kinds == Set(DerivedEvent.Kind.allCases.map(\.rawValue))) }
        let result = try Command.runBlocking(
            "python3",
            [CallSchemaTests.directory + "/check.py"],
            input: events.joined(separator: "\n")
        )
        try #require(result.status == 0 || result.status == 1, "\(result.error)")
        let verdicts = result.output.split(separator: "\n")
        #expect(verdicts.count == events.count)
        for (event, verdict) in zip(events, verdicts) { #expect(verdict == "ok", "\(event)") }
    }

    @Test("the schema of decisions takes what the decoder takes, and mostly refuses what it refuses")
    func decisions() throws {
        let good = [
            #"{"actions":[]}"#, #"{"actions":[{"play":{"url":"https://h/a.wav"}},{"hangup":{}}]}"#,
            #"{"actions":[{"dial":{"to":["+493023125401","10"],"callerId":"11","anonymous":true}}]}"#,
            #"{"actions":[{"dial":{"to":"voicemail"}}]}"#, #"{"actions":[{"reject":{"reason":"busy"}}]}"#,
            #"{"actions":[{"gather":{"maxDigits":3,"timeout":5000,"play":{"url":"https://h/a.wav"}}}]}"#,
        ]
        let bad = [
            "{}", #"{"actions":{}}"#, #"{"actions":[{}]}"#, #"{"actions":[{"say":{}}]}"#, #"{"actions":[],"x":1}"#,
            #"{"actions":[{"play":{"url":"http://h"}}]}"#, #"{"actions":[{"dial":{"to":[]}}]}"#,
            #"{"actions":[{"dial":{"to":["1"]}}]}"#, #"{"actions":[{"dial":{"to":"voicemail","callerId":"11"}}]}"#,
            #"{"actions":[{"dial":{"to":["10","11","12","13","14","15"]}}]}"#, #"{"actions":[{"hangup":true}]}"#,
            #"{"actions":[{"gather":{"timeout":0}}]}"#, #"{"actions":[{"reject":{"reason":null}}]}"#,
            #"{"actions":[{"hangup":{},"reject":{}}]}"#,
        ]
        for document in good { _ = try DecisionDecoder.decode(ByteBuffer(string: document), in: DecisionContext()) }
        for document in bad {
            #expect(throws: DecisionProblem.self) {
                try DecisionDecoder.decode(ByteBuffer(string: document), in: DecisionContext())
            }
        }
        let script = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            for line in sys.stdin: print(jsonschema.Draft202012Validator(schema).is_valid(json.loads(line)))
            """
        let result = try Command.runBlocking(
            "python3",
            ["-c", script, CallSchemaTests.directory + "/decision.schema.json"],
            input: (good + bad).joined(separator: "\n")
        )
        try #require(result.status == 0, "\(result.error)")
        let expected = good.map { _ in "True" } + bad.map { _ in "False" }
        #expect(result.output.split(separator: "\n").map(String.init) == expected)
    }
}
