import Testing

@testable import Simulator

@Suite struct PushTextTests {
    @Test func `an address is taken apart, and its password is never shown`() throws {
        let url = try PushURL("https://sip%40gate:p%C3%A4ss%3Aword@Hooks.example.net:8443/hooks?x=1")
        #expect(url.host == "hooks.example.net" && url.port == 8443 && url.target == "/hooks?x=1")
        #expect(url.credentials == PushCredentials(user: "sip@gate", password: "päss:word"))
        #expect(url.description == "https://hooks.example.net:8443/hooks?x=1")
        #expect(!"\(url) \(url.credentials.debugDescription)".contains("word"))
        #expect(try PushURL("https://[::1]/").hostField == "[::1]")
        #expect(try PushURL("https://a?b").target == "/?b")
        #expect(try PushURL("https://a:443/").hostField == "a")
    }

    @Test(arguments: [
        "", "http://a/", "https://", "https:///x", "https://a:0/", "https://a:99999/", "https://a:x/", "https://a b/",
        "https://a/#b", "https://[::1/", "https://%ZZ@a/", "https://a/ü", "https://a%3Ab:c@h/",
    ])
    func `what is no address says why without repeating it`(text: String) {
        let problem = #expect(throws: PushURL.Problem.self) { try PushURL(text) }
        #expect(problem?.description.isEmpty == false)
    }

    @Test func `addresses and durations of the command line`() throws {
        #expect(try ToolArguments.address("127.0.0.1:0") == ("127.0.0.1", 0))
        #expect(try ToolArguments.address("[::1]:9000") == ("::1", 9000))
        #expect(try ToolArguments.milliseconds("1500ms") == 1500)
        #expect(try ToolArguments.milliseconds("2m") == 120_000)
        for text in ["", "9000", ":9000", "::1:9000", "a:", "a:-1", "a:+1", "a:65536"] {
            #expect(throws: ToolArguments.Problem.self) { try ToolArguments.address(text) }
        }
        for text in ["", "5", "s", "1.5s", "-1s", "2h", "61m", "٣s", "99999999999999999999s"] {
            #expect(throws: ToolArguments.Problem.self) { try ToolArguments.milliseconds(text) }
        }
    }

    private func options(
        url: String = "https://a/",
        user: String? = nil,
        password: String? = nil,
        ca: String? = nil,
        verifies: Bool = true,
        from: String = "4921"
    ) throws -> Simulation.Options {
        try Simulation.Options(
            scenario: "answered",
            url: url,
            user: user,
            password: password,
            authorityFile: ca,
            verifies: verifies,
            connect: "127.0.0.1:8443",
            from: from,
            to: "4922"
        )
    }

    @Test func `arguments of simulate fit together`() throws {
        let good = try options(user: "u", password: "p", ca: "ca.pem", from: "anonymous")
        #expect(good.credentials == PushCredentials(user: "u", password: "p"))
        #expect(good.detour?.port == 8443)
        #expect(throws: ToolArguments.Problem.self) { try options(user: "u") }
        #expect(throws: ToolArguments.Problem.self) { try options(password: "p") }
        #expect(throws: ToolArguments.Problem.self) { try options(user: "a:b", password: "p") }
        #expect(throws: ToolArguments.Problem.self) { try options(url: "https://u:p@a/", user: "u", password: "p") }
        #expect(throws: ToolArguments.Problem.self) { try options(ca: "ca.pem", verifies: false) }
        #expect(throws: ToolArguments.Problem.self) { try options(from: "+4921") }
        #expect(throws: ToolArguments.Problem.self) { try options(url: "http://a/") }
    }

    @Test func `a leg keeps its ids in every push`() {
        let leg = SimulatedLeg(
            direction: "in",
            from: "1",
            to: "2",
            users: [("Älice & co", 0), ("voicemail", 1)],
            callID: "A",
            xcid: "x"
        )
        for push in [SimulatedLeg.Push.newCall, .answer, .hangup] {
            let fields = leg.fields(of: push)
            #expect(fields.first?.value == push.rawValue)
            #expect(fields.contains { $0 == ("callId", "A") })
            #expect(fields.contains { $0 == ("origCallId", "A") })
            #expect(fields.contains { $0 == ("xcid", "x") })
        }
        #expect(leg.fields(of: .newCall).filter { $0.name == "user[]" }.count == 2)
        #expect(leg.fields(of: .newCall).filter { $0.name == "userId[]" }.count == 1)
        #expect(leg.fields(of: .hangup).contains { $0 == ("cause", "normalClearing") })
        #expect(leg.fields(of: .dtmf, keys: "1*").map(\.value) == ["dtmf", "A", "1*"])
    }
}
