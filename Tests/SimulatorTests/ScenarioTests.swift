import Foundation
import HookgateTesting
import NIOCore
import NIOHTTP1
import OpenSSL
import Synchronization
import Testing

@testable import Simulator

/// What is played, how replies are obeyed, and what is said of receivers.
@Suite(.timeLimit(.minutes(4))) struct ScenarioTests {
    /// The fields of a form, in order.
    func fields(_ request: ScriptedGateway.Received) -> [String: [String]] {
        var fields: [String: [String]] = [:]
        for pair in request.body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            fields[PercentCoding.decode(parts[0]) ?? "", default: []].append(PercentCoding.decode(parts[1]) ?? "")
        }
        return fields
    }

    static func subscribing(_ actions: String = "") -> String {
        "<Response onAnswer=\"https://hooks.example.net/hooks/a\" onHangup=\"https://hooks.example.net/hooks/h\">\(actions)</Response>"
    }

    /// A receiver as it should be, but for what `answer` changes.
    static func receiver(
        _ answer: @escaping @Sendable (String) -> ScriptedGateway.Answer? = { _ in nil }
    ) -> ScriptedGateway.Script {
        { request in
            let isFollowUp = request.head.uri != "/hooks"
            guard isFollowUp || request.head.headers.contains(name: "authorization") else { return .challenge }
            return answer(request.body) ?? .xml(isFollowUp ? "<Response/>" : subscribing())
        }
    }

    func play(
        _ scenario: Scenario,
        seed: UInt64 = 1,
        change: (inout Simulation.Options) -> Void = { _ in },
        _ script: @escaping ScriptedGateway.Script
    ) async throws -> (isGood: Bool, text: String, pushes: [[String: [String]]]) {
        try await examine(script) { options, print in
            var options = options
            options.scenario = scenario
            options.seed = seed
            change(&options)
            return await Simulation(options, print: print).run()
        }
    }

    func examine(
        _ script: @escaping ScriptedGateway.Script,
        _ body: (Simulation.Options, @escaping @Sendable (String) -> Void) async throws -> Bool
    ) async throws -> (isGood: Bool, text: String, pushes: [[String: [String]]]) {
        let identity = try EphemeralAuthority().server(names: ["hooks.example.net"])
        let directory = try TemporaryDirectory()
        let gateway = try await ScriptedGateway(identity, script: script)
        var options = try Simulation.Options(
            url: PushURL("https://sip:secret@hooks.example.net/hooks"),
            scenario: Simulation.Options.scenario("answered")
        )
        options.detour = ("127.0.0.1", gateway.port)
        // A machine that is busy with other tests is no slow receiver.
        options.patience = .minutes(3)
        options.authorityFile = try directory.write(identity.trustedPEM, to: "ca.pem")
        let text = Mutex("")
        let isGood = try await body(options) { piece in text.withLock { $0 += piece } }
        // Of a challenged push only the repeat counts.
        let pushes = gateway.received.filter {
            $0.head.uri != "/hooks" || $0.head.headers.contains(name: "authorization")
        }.map(fields)
        try await gateway.close()
        return (isGood, text.withLock { $0 }, pushes)
    }

    @Test(arguments: BuiltInScenarios.all.map(\.name))
    func `every scenario plays to its end at a good receiver`(_ name: String) async throws {
        let scenario = try Simulation.Options.scenario(name)
        #expect(scenario.name == name && scenario.about.hasSuffix("."))
        let (isGood, text, pushes) = try await play(scenario, ScenarioTests.receiver())
        #expect(isGood, "\(text)")
        let steps = scenario.steps.filter { if case .wait = $0 { false } else { true } }
        #expect(pushes.count == steps.count)
    }

    @Test func `a transferred call has two legs that belong together`() async throws {
        let (_, _, pushes) = try await play(try Simulation.Options.scenario("transferred"), ScenarioTests.receiver())
        #expect(
            pushes.map { $0["event"] } == [["newCall"], ["answer"], ["newCall"], ["answer"], ["hangup"], ["hangup"]]
        )
        let (first, second) = (pushes[0], pushes[2])
        #expect(first["callId"] == first["origCallId"] && second["origCallId"] == first["callId"])
        #expect(second["callId"] != first["callId"] && second["xcid"] == first["xcid"])
        #expect(second["diversion"] == first["to"] && second["user[]"] == ["Marty"] && second["userId[]"] == ["w1"])
    }

    @Test func `the same seed makes the same call`() async throws {
        let scenario = try Simulation.Options.scenario("missed")
        let one = try await play(scenario, seed: 7, ScenarioTests.receiver())
        let same = try await play(scenario, seed: 7, ScenarioTests.receiver())
        let other = try await play(scenario, seed: 8, ScenarioTests.receiver())
        #expect(one.pushes == same.pushes && one.pushes != other.pushes)
    }

    @Test func `a menu gets the keys of the scenario, as many as it asks for`() async throws {
        let menu = ScenarioTests.subscribing(
            "<Gather onData=\"https://hooks.example.net/hooks/d\" maxDigits=\"1\"/>"
        )
        let (isGood, text, pushes) = try await play(
            try Simulation.Options.scenario("menu"),
            ScenarioTests.receiver { body in
                body.hasPrefix("event=newCall") || body.hasSuffix("dtmf=1") ? .xml(menu) : nil
            }
        )
        #expect(isGood, "\(text)")
        #expect(pushes.compactMap { $0["dtmf"]?.first } == ["1", "4"])
    }

    @Test func `a menu that leads to itself is found out`() async throws {
        let menu = ScenarioTests.subscribing("<Gather onData=\"https://hooks.example.net/hooks/d\"/>")
        let (isGood, text, _) = try await play(
            try Simulation.Options.scenario("menu"),
            ScenarioTests.receiver { $0.contains("event=newCall") || $0.contains("event=dtmf") ? .xml(menu) : nil }
        )
        #expect(!isGood && text.contains("leads to itself"))
    }

    @Test func `a caller who is turned away is not picked up`() async throws {
        let (isGood, text, pushes) = try await play(
            try Simulation.Options.scenario("answered"),
            ScenarioTests.receiver { body in
                body.hasPrefix("event=newCall") ? .xml(ScenarioTests.subscribing("<Reject reason=\"busy\"/>")) : nil
            }
        )
        #expect(isGood, "\(text)")
        #expect(pushes.map { $0["event"] } == [["newCall"], ["hangup"]] && pushes[1]["cause"] == ["busy"])
    }

    @Test func `a call that is sent elsewhere is picked up there`() async throws {
        let dial = ScenarioTests.subscribing("<Dial><Number>+4915799912345</Number></Dial>")
        let (_, _, pushes) = try await play(
            try Simulation.Options.scenario("answered"),
            ScenarioTests.receiver { $0.hasPrefix("event=newCall") ? .xml(dial) : nil }
        )
        #expect(pushes[1]["answeringNumber"] == ["4915799912345"])
        let box = ScenarioTests.subscribing("<Dial><Voicemail/></Dial>")
        let (_, _, kept) = try await play(
            try Simulation.Options.scenario("answered"),
            ScenarioTests.receiver { $0.hasPrefix("event=newCall") ? .xml(box) : nil }
        )
        #expect(kept[1]["user"] == ["voicemail"] && kept[1]["userId"] == nil)
    }

    @Test func `pushes are signed as the provider signs them`() async throws {
        let directory = try TemporaryDirectory()
        let (secret, open) = (directory.path + "/key.pem", directory.path + "/public.pem")
        for arguments in [
            ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", secret],
            ["pkey", "-in", secret, "-pubout", "-out", open],
        ] {
            try #require(try Command.runBlocking("openssl", arguments).status == 0)
        }
        let key = try #require(try SignatureKey.read(file: open).first)
        let verified = Mutex(0)
        let (isGood, text, _) = try await play(
            try Simulation.Options.scenario("answered"),
            change: { options in options.signingKey = try? PrivateKey(file: secret) },
            { request in
                let header = request.head.headers.first(name: "x-sipgate-signature") ?? ""
                let signature = Array(Data(base64Encoded: header) ?? Data())
                let body = Array(request.body.utf8)
                if key.isSignature(signature.span, of: body.span) { verified.withLock { $0 += 1 } }
                return ScenarioTests.receiver()(request)
            }
        )
        #expect(isGood, "\(text)")
        #expect(verified.withLock { $0 } == 4, "the challenged push as well")
    }

    @Test func `many calls are counted and measured`() async throws {
        let (isGood, text, pushes) = try await play(
            try Simulation.Options.scenario("answered"),
            change: { options in (options.calls, options.rate) = (20, 1000) },
            ScenarioTests.receiver()
        )
        #expect(isGood && pushes.count == 60)
        #expect(text.contains("20 of 20 calls, 60 pushes, 20 calls as they should be"))
        #expect(Set(pushes.compactMap { $0["callId"]?.first }).count == 20)
        let bad = try await play(
            try Simulation.Options.scenario("answered"),
            change: { options in (options.calls, options.rate) = (5, 1000) },
            ScenarioTests.receiver { $0.hasPrefix("event=newCall") ? .xml("<Response/>") : nil }
        )
        #expect(!bad.isGood && bad.text.contains("WRONG 5 times: the reply has no onAnswer"))
    }

    @Test(arguments: [
        (Simulation.Fault.noCredentials, 401, true), (.noCredentials, 200, false), (.wrongCharset, 415, true),
        (.wrongCharset, 200, false), (.slow, 200, true), (.slow, 500, false),
    ])
    func `a fault is borne well or is complained about`(
        _ fault: Simulation.Fault,
        _ status: Int,
        _ isFine: Bool
    )
        async throws
    {
        let played = try await play(
            Scenario(name: "x", about: "x", legs: [.init(name: "a", from: "1", to: "2")], steps: [.start(leg: "a")]),
            change: { $0.fault = fault },
            { _ in ScriptedGateway.Answer(status: status) }
        )
        #expect(played.isGood == isFine, "\(played.text)")
    }

    // MARK: Files

    @Test(arguments: [
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{strat: a}]", "4:", "unknown key `strat`"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{start: b}]", "4:", "there is no leg b"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2', of: b}}\nsteps: [{start: a}]", "3:", "no such leg"),
        ("name: x\nabout: y\nlegs: {a: {from: '1'}}\nsteps: [{start: a}]", "3:", "`to`: is missing"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{wait: 5}]", "4:", "500ms"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [again]", "4:", "come again"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: []", "4:", "a list"),
        ("name: x\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{start: a}]", "", "`about`: is missing"),
        (
            "name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{start: a, hangup: a}]", "4:",
            "start and hangup"
        ),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{by: Eve}]", "4:", "not none"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nsteps: [{start: a, by: Eve}]", "4:", "belongs to answer"),
        ("name: x\nabout: y\nlegs: {a: {from: '1', to: '2'}}\nkeys: ['1x']\nsteps: [{start: a}]", "4:", "1x is no key"),
        ("", "", "empty"),
        ("a: [", "", "file.yaml"),
    ])
    func `a bad scenario is refused with its place`(_ text: String, _ line: String, _ words: String) {
        let problem = #expect(throws: ScenarioReader.Problem.self) { try ScenarioReader.read(text, file: "file.yaml") }
        let shown = problem?.description ?? ""
        #expect(shown.hasPrefix("file.yaml:\(line)") && shown.contains(words), "\(shown)")
    }

    @Test func `a scenario of one's own is played from its file`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(BuiltInScenarios.text("busy") ?? "", to: "mine.yaml")
        #expect(try Simulation.Options.scenario(file) == Simulation.Options.scenario("busy"))
        #expect(throws: ToolArguments.Problem.self) { try Simulation.Options.scenario("no-such") }
        #expect(throws: ToolArguments.Problem.self) { try Simulation.Options.scenario("no-such.yaml") }
    }
}
