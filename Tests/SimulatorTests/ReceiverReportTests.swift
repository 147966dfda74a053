import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Simulator

/// What is said of receivers, and what sipgate would send them.
extension ScenarioTests {
    // MARK: Reports about receivers

    func report(_ script: @escaping ScriptedGateway.Script) async throws -> (isGood: Bool, text: String) {
        let result = try await examine(script) { options, print in await Conformance(options, print: print).run() }
        return (result.isGood, result.text)
    }

    /// Knows what may come, and refuses the rest.
    static func strict(_ request: ScriptedGateway.Received) -> ScriptedGateway.Answer {
        guard request.head.headers.first(name: "authorization") == "Basic c2lwOnNlY3JldA==" else { return .challenge }
        guard request.head.headers.first(name: "content-type")?.hasPrefix("application/x-www-form-urlencoded") == true
        else { return ScriptedGateway.Answer(status: 415) }
        guard request.body.contains("callId="), !request.body.contains("event=fax") else {
            return ScriptedGateway.Answer(status: 422)
        }
        return .xml(subscribing())
    }

    @Test func `of a good receiver nothing bad is said`() async throws {
        let (isGood, text) = try await report(ScenarioTests.strict)
        #expect(isGood && !text.contains("WRONG"), "\(text)")
    }

    @Test func `of a receiver that binds one name and answers 500 to the rest, the truth is told`() async throws {
        // Needs people and digits, knows six causes, and fails with 500; is open to everybody.
        let (isGood, text) = try await report { request in
            let needsUser = request.body.hasPrefix("event=newCall") || request.body.hasPrefix("event=answer")
            let isKnown =
                (!needsUser || request.body.contains("user%5B%5D=")) && !request.body.contains("dtmf=&")
                && !request.body.contains("cause=new") && !request.body.contains("event=fax")
                && !request.body.contains("%2A") && request.body.hasPrefix("event=")
            return isKnown ? .xml(ScenarioTests.subscribing()) : ScriptedGateway.Answer(status: 500)
        }
        #expect(!isGood)
        for words in [
            "WRONG    the first push, without credentials", "WRONG    a wrong password is refused",
            "WRONG    a newCall of 2015", "WRONG    an answer with nothing but its callId",
            "WRONG    keys that were not pressed", "WRONG    a star and a hash", "WRONG    every cause is taken: new",
            "WRONG    an unknown event is refused, and not with a 5xx: the status is 500",
            "WRONG    another media type is refused", "good     a hangup with nothing but its callId",
            "good     a group of 120 people", "good     it subscribes",
        ] {
            #expect(text.contains(words), "\(words)\n\(text)")
        }
    }

    @Test func `of a receiver that builds its addresses from the request, the truth is told`() async throws {
        // Takes scheme and host from the request, echoes numbers unescaped, answers text/xml without subscriptions.
        let (isGood, text) = try await report { request in
            guard request.head.headers.contains(name: "authorization") else {
                return ScriptedGateway.Answer(status: 401, closes: true)
            }
            let host = request.head.headers.first(name: "host") ?? ""
            let number = request.body.split(separator: "&").first { $0.hasPrefix("from=") }?.dropFirst(5) ?? ""
            let shown = PercentCoding.decode(number) ?? ""
            return ScriptedGateway.Answer(
                headers: [("Content-Type", "text/html")],
                body: "<Response onAnswer=\"https://\(host)/a\"><Play><Url>\(shown)</Url></Play></Response>"
            )
        }
        #expect(!isGood)
        for words in [
            "names no Basic scheme", "WRONG    the answer to it is what the provider takes",
            "WRONG    it subscribes to answer and hangup", "WRONG    its addresses do not follow the Host field",
            "WRONG    markup in a number does not break the answer", "WRONG    a push without a callId is refused",
            "good     a newCall is answered with 200", "good     a newCall of 2015",
        ] {
            #expect(text.contains(words), "\(words)\n\(text)")
        }
    }

    @Test func `of a receiver that sends everybody elsewhere nothing good is said without a look`() async throws {
        let (isGood, text) = try await report { _ in ScriptedGateway.Answer(status: 302, headers: [("Location", "/")]) }
        #expect(!isGood)
        for words in [
            "WRONG    a newCall is answered with 200", "unknown  the answer to it is what the provider takes",
            "unknown  it subscribes", "unknown  it comes within two seconds", "unknown  its addresses do not follow",
        ] {
            #expect(text.contains(words), "\(words)\n\(text)")
        }
    }

    @Test func `one address for all follow-ups and a soft answer to unknown events are no faults`() async throws {
        let (isGood, text) = try await report { request in
            if request.body.contains("event=fax") { return .xml("<Response/>") }
            let answer = ScenarioTests.strict(request)
            guard answer.status == 200 else { return answer }
            return .xml("<Response onAnswer=\"https://hooks.example.net/a\" onHangup=\"https://hooks.example.net/a\"/>")
        }
        #expect(isGood, "\(text)")
        #expect(text.contains("good     it subscribes") && text.contains("unknown  an unknown event"))
    }

    @Test(arguments: [(1999, false), (2000, true), (9000, true)])
    func `who is left in silence is complained about`(milliseconds: Int64, isTooSlow: Bool) {
        let words = SimulationReport.silence(.milliseconds(milliseconds), longerThan: .seconds(2))
        #expect((words != nil) == isTooSlow)
    }

    // MARK: What is sent

    @Test func `nobody's number answers a call that nobody answered`() async throws {
        let (_, _, missed) = try await play(try Simulation.Options.scenario("missed"), ScenarioTests.receiver())
        #expect(missed.allSatisfy { $0["answeringNumber"] == nil })
        let (_, _, answered) = try await play(try Simulation.Options.scenario("answered"), ScenarioTests.receiver())
        #expect(answered.last?["event"] == ["hangup"] && answered.last?["answeringNumber"] == answered.first?["to"])
    }

    @Test func `click-to-dial gives both legs an xcid of its kind`() async throws {
        let (_, _, pushes) = try await play(try Simulation.Options.scenario("click-to-dial"), ScenarioTests.receiver())
        let values = Set(pushes.compactMap { $0["xcid"]?.first })
        #expect(values.count == 1)
        #expect(values.first?.wholeMatch(of: /c2d-0\.[0-9]{15}/) != nil, "\(values)")
    }

    @Test func `a caller who hangs up in front of a menu sends what sipgate sends then`() async throws {
        var scenario = try Simulation.Options.scenario("menu")
        scenario.keys = [Scenario.hangupKeys]
        let menu = ScenarioTests.subscribing("<Gather onData=\"https://hooks.example.net/hooks/d\" maxDigits=\"1\"/>")
        let (isGood, text, pushes) = try await play(
            scenario,
            ScenarioTests.receiver { $0.contains("event=newCall") || $0.contains("event=dtmf") ? .xml(menu) : nil }
        )
        #expect(isGood, "\(text)")
        #expect(pushes.compactMap { $0["dtmf"]?.first } == ["-1"])
    }

    // MARK: The telephone

    @Test func `a telephone does what is typed, and presses keys when asked`() async throws {
        let typed = Mutex(["call 4930123456", "7", "answer", "transfer", "hangup", "dance", "quit"][...])
        let menu = ScenarioTests.subscribing("<Gather onData=\"https://hooks.example.net/hooks/d\"/>")
        let result = try await examine(
            ScenarioTests.receiver { $0.contains("event=newCall") && !$0.contains("diversion") ? .xml(menu) : nil }
        ) { options, print in
            try await Phone(options, readLine: { typed.withLock { $0.popFirst() } }, print: print).run()
        }
        #expect(result.isGood, "\(result.text)")
        #expect(
            result.pushes.map { $0["event"]?.first } == [
                "newCall", "dtmf", "answer", "newCall", "answer", "hangup", "hangup",
            ]
        )
        #expect(result.pushes[0]["from"] == ["4930123456"] && result.pushes[1]["dtmf"] == ["7"])
    }

    @Test func `a telephone transfers to the number that is typed, and knows when there is no call`() async throws {
        let typed = Mutex(
            ["answer", "call", "answer", "transfer 4930777", "transfer 1", "hangup", "answer", "quit"][...]
        )
        let result = try await examine(ScenarioTests.receiver()) { options, print in
            try await Phone(options, readLine: { typed.withLock { $0.popFirst() } }, print: print).run()
        }
        #expect(result.isGood, "\(result.text)")
        #expect(
            result.pushes.map { $0["event"]?.first } == ["newCall", "answer", "newCall", "answer", "hangup", "hangup"]
        )
        #expect(result.pushes[2]["to"] == ["4930777"] && result.pushes[3]["answeringNumber"] == ["4930777"])
        #expect(result.text.components(separatedBy: "there is no call").count == 3)
        #expect(result.text.contains("it was transferred already"))
    }
}
