import HookgateTesting
import NIOHTTP1
import Simulator
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SimulationTests {
    private final class Printed: Sendable {
        private let text = Mutex("")
        var all: String { text.withLock { $0 } }
        func take(_ more: String) { text.withLock { $0 += more } }
    }

    /// Where the scripted gateway says it can be reached; every connection is led to its port on loopback.
    private static let base = "https://hooks.example.net/hooks"
    private static let subscribing =
        "<Response onAnswer=\"\(base)/answer/a\" onHangup=\"https://user:geheim@hooks.example.net/hooks/hangup/b\"/>"

    private func play(
        url: String = "https://sip:open%20sesame@hooks.example.net/hooks",
        names: [String] = ["hooks.example.net"],
        trusts: Bool = true,
        verifies: Bool = true,
        script: @escaping ScriptedGateway.Script
    ) async throws -> (isGood: Bool, text: String, received: [ScriptedGateway.Received]) {
        let identity = try EphemeralAuthority().server(names: names)
        let other = try EphemeralAuthority().server()
        let directory = try TemporaryDirectory()
        let trusted = try directory.write((trusts ? identity : other).trustedPEM, to: "ca.pem")
        let gateway = try await ScriptedGateway(identity, script: script)
        var options = try Simulation.Options(url: PushURL(url), scenario: Simulation.Options.scenario("answered"))
        options.detour = ("127.0.0.1", gateway.port)
        options.authorityFile = trusted
        options.verifies = verifies
        let printed = Printed()
        let isGood = await Simulation(options, print: printed.take).run()
        let received = gateway.received
        try await gateway.close()
        #expect(!printed.all.contains("sesame") && !printed.all.contains("geheim"))
        return (isGood, printed.all, received)
    }

    /// Behaves as a gateway should.
    private static func good(_ request: ScriptedGateway.Received) -> ScriptedGateway.Answer {
        guard request.head.uri == "/hooks" else { return .xml("<Response/>") }
        return request.head.headers.contains(name: "authorization") ? .xml(subscribing) : .challenge
    }

    @Test func `a good gateway is asked as the provider asks`() async throws {
        let (isGood, text, received) = try await play(script: SimulationTests.good)
        #expect(isGood, "\(text)")
        #expect(received.map(\.head.uri) == ["/hooks", "/hooks", "/hooks/answer/a", "/hooks/hangup/b"])
        #expect(received.map(\.connection) == [1, 1, 2, 3], "the repeat comes on the same connection")
        let authorizations = received.map { $0.head.headers["authorization"] }
        #expect(authorizations == [[], ["Basic c2lwOm9wZW4gc2VzYW1l"], [], []])
        #expect(received[0].body == received[1].body)
        #expect(received[0].body.hasPrefix("event=newCall&direction=in&from=4921155667788&to="))
        #expect(received[0].body.contains("&user%5B%5D=Alice&userId%5B%5D=w0&"))
        #expect(received[2].body.hasPrefix("event=answer&") && received[3].body.hasPrefix("event=hangup&"))
        #expect(received[0].head.headers["host"] == ["hooks.example.net"])
        #expect(received[0].head.headers["content-type"] == ["application/x-www-form-urlencoded; charset=UTF-8"])
    }

    @Test func `a gateway without a challenge, and one that closes after it, are found out`() async throws {
        let open = try await play { _ in .xml(SimulationTests.subscribing) }
        #expect(!open.isGood && open.text.contains("the route is open to everybody"))
        let closing = try await play { request in
            var answer = SimulationTests.good(request)
            if answer.status == 401 { answer.closes = true }
            return answer
        }
        #expect(!closing.isGood && closing.text.contains("closed after the challenge"))
        #expect(closing.received.count == 4, "it goes on all the same")
        let mute = try await play { _ in ScriptedGateway.Answer(status: 401) }
        #expect(!mute.isGood && mute.text.contains("names no Basic scheme"))
    }

    @Test func `credentials that are wrong or missing end the call`() async throws {
        let wrong = try await play { _ in .challenge }
        #expect(!wrong.isGood && wrong.received.count == 2 && wrong.text.contains("the status has to be 200"))
        let missing = try await play(url: SimulationTests.base) { _ in .challenge }
        #expect(!missing.isGood && missing.received.count == 1 && missing.text.contains("none were given"))
    }

    @Test(arguments: [
        ("<Response/>", "the reply has no onAnswer"),
        ("<Response onAnswer=\"https://elsewhere/a\" onHangup=\"https://elsewhere/b\"/>", "leads to elsewhere"),
        ("<Response onAnswer=\"http://hooks.example.net/a\" onHangup=\"\(base)\"/>", "is not an https address"),
        ("<Response><Say/></Response>", "unknown verb"), ("<Response", "not well-formed"),
    ])
    func `a reply that the provider cannot use is found out`(body: String, says: String) async throws {
        let (isGood, text, _) = try await play { request in
            request.head.headers.contains(name: "authorization") ? .xml(body) : .challenge
        }
        #expect(!isGood && text.contains(says), "\(text)")
    }

    @Test func `a reply of another type, in chunks, late or never is found out`() async throws {
        let scripts: [(ScriptedGateway.Answer, String)] = [
            (
                .init(headers: [("Content-Type", "text/plain")], body: SimulationTests.subscribing),
                "not `application/xml`"
            ),
            (.init(body: SimulationTests.subscribing), "the content type is missing"),
            (
                .init(
                    headers: [("Content-Type", "application/xml")],
                    body: SimulationTests.subscribing,
                    isChunked: true
                ),
                "no Content-Length"
            ),
            (.init(status: 503), "the status has to be 200"), (.init(isSilent: true), "closed before the response"),
        ]
        for (answer, says) in scripts {
            let (isGood, text, _) = try await play { request in
                request.head.headers.contains(name: "authorization") ? answer : .challenge
            }
            #expect(!isGood && text.contains(says), "\(text)")
        }
    }

    @Test func `certificates and their names are verified, unless told otherwise`() async throws {
        let stranger = try await play(trusts: false, script: SimulationTests.good)
        #expect(!stranger.isGood && stranger.received.isEmpty && stranger.text.contains("TLS handshake failed"))
        let misnamed = try await play(names: ["other.example.net"], script: SimulationTests.good)
        #expect(!misnamed.isGood && misnamed.received.isEmpty && misnamed.text.contains("TLS handshake failed"))
        let careless = try await play(
            names: ["other.example.net"],
            trusts: false,
            verifies: false,
            script: SimulationTests.good
        )
        #expect(careless.isGood && careless.text.contains("not verified"))
    }
}
