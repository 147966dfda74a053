import HookgateTesting
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Decision decoder")
struct DecisionDecoderTests {
    private func decode(
        _ text: String,
        in context: DecisionContext = DecisionContext()
    ) throws(DecisionProblem) -> CallDecision {
        try DecisionDecoder.decode(ByteBuffer(string: text), in: context)
    }

    @Test("the decision of the design is understood")
    func design() throws {
        let decision = try decode(
            #"{"actions": [{"play": {"url": "https://media.example/hello.wav"}},"#
                + #"{"dial": {"to": ["+4915228817386"], "callerId": "+493023125401", "anonymous": false}}]}"#
        )
        let dial = CallAction.Dial(
            target: .numbers([try #require(DialNumber("+4915228817386"))]),
            callerID: DialNumber("+493023125401"),
            isAnonymous: false
        )
        #expect(decision.actions == [.play(try AudioURL("https://media.example/hello.wav")), .dial(dial)])
    }

    @Test("an empty list lets the call go on")
    func proceed() throws {
        #expect(try decode(#"{"actions": []}"#) == .proceed)
    }

    @Test(
        "every good form of every verb is taken",
        arguments: [
            #"{"dial": {"to": "voicemail"}}"#,
            #"{"dial": {"to": ["10"]}}"#,
            #"{"dial": {"to": ["123456789012345", "+12", "1000", "0049302312540", "+49302312540"]}}"#,
            #"{"dial": {"to": ["493023125402"], "anonymous": true}}"#,
            #"{"gather": {}}"#,
            #"{"gather": {"maxDigits": 1, "timeout": 1}}"#,
            #"{"gather": {"maxDigits": 100, "timeout": 120000, "play": {"url": "https://h/a.wav"}}}"#,
            #"{"reject": {}}"#,
            #"{"reject": {"reason": "rejected"}}"#,
            #"{"reject": {"reason": "busy"}}"#,
            #"{"hangup": {}}"#,
            #"{"play": {"url": "HTTPS://user:pass@[2001:db8::1]:8443/a%20b.wav?x='1'&y=(2)#z"}}"#,
            #"{"play": {"url": "https://h:65535"}}"#,
        ]
    )
    func accepted(_ action: String) throws {
        #expect(try decode(#"{"actions": [\#(action)]}"#).actions.count == 1)
    }

    /// Bad decisions: what stands in `actions`, or a whole document, and the problem that has to be named.
    private static let bad: [(String, String)] = [
        // The document.
        ("", "not the JSON of a decision: at the end: a value is expected"),
        ("<Response/>", "not the JSON of a decision: byte 0: a value is expected"),
        ("OK", "not the JSON of a decision: byte 0: a value is expected"),
        ("null", "an object, not null"),
        ("[]", "an object, not a list"),
        ("{}", "actions is missing"),
        (#"{"actions": []} "# + "x", "not the JSON of a decision: byte 16: nothing may follow the value"),
        (#"{"actions": null}"#, "/actions: a list, not null"),
        (#"{"actions": {"hangup": {}}}"#, "/actions: a list, not an object"),
        (#"{"actions": [], "note": 1}"#, "/note: not known here; what may stand here: actions"),
        (#"{"Actions": []}"#, "/Actions: not known here; what may stand here: actions"),
        (#"{"actions": [], "actions": []}"#, "/actions: not the JSON of a decision: byte 25: a member comes once"),
        // Actions. What follows stands in the list.
        (#""hangup""#, "/actions/0: an object, not a text"),
        ("{}", "/actions/0: \(oneOf)"),
        (#"{"play": {"url": "https://h/a"}, "hangup": {}}"#, "/actions/0: \(oneOf)"),
        (#"{"say": {"text": "hello"}}"#, "/actions/0/say: \(known(verbs))"),
        (#"{"Hangup": {}}"#, "/actions/0/Hangup: \(known(verbs))"),
        (#"{"redirect": {"url": "https://h"}}"#, "/actions/0/redirect: \(known(verbs))"),
        (#"{"hangup": {}}, {"play": {"url": "https://h/a"}}"#, "/actions/1: nothing is carried out after hangup"),
        (#"{"dial": {"to": "voicemail"}}, {"hangup": {}}"#, "/actions/1: nothing is carried out after dial"),
        (#"{"gather": {}}, {"gather": {}}"#, "/actions/1: nothing is carried out after gather"),
        (#"{"reject": {}}, {"reject": {}}"#, "/actions/1: nothing is carried out after reject"),
        (
            Array(repeating: #"{"play": {"url": "https://h/a"}}"#, count: 11).joined(separator: ","),
            "/actions: 10 actions at most, not 11"
        ),
        // Hangup and reject.
        (#"{"hangup": null}"#, "/actions/0/hangup: an object, not null"),
        (#"{"hangup": true}"#, "/actions/0/hangup: an object, not true or false"),
        (#"{"hangup": {"reason": "busy"}}"#, "/actions/0/hangup/reason: \(known("nothing"))"),
        (#"{"reject": "busy"}"#, "/actions/0/reject: an object, not a text"),
        (#"{"reject": {"reason": "blacklisted"}}"#, "/actions/0/reject/reason: \"rejected\" or \"busy\""),
        (#"{"reject": {"reason": "Busy"}}"#, "/actions/0/reject/reason: \"rejected\" or \"busy\""),
        (#"{"reject": {"reason": null}}"#, "/actions/0/reject/reason: \(noNull)"),
        // Dial.
        (#"{"dial": {}}"#, "/actions/0/dial: to is missing"),
        (#"{"dial": "+493023125401"}"#, "/actions/0/dial: an object, not a text"),
        (#"{"dial": {"to": []}}"#, "/actions/0/dial/to: one to five numbers, not 0"),
        (#"{"dial": {"to": ["10","11","12","13","14","15"]}}"#, "/actions/0/dial/to: one to five numbers, not 6"),
        (#"{"dial": {"to": "+493023125401"}}"#, "/actions/0/dial/to: \(target)"),
        (#"{"dial": {"to": "Voicemail"}}"#, "/actions/0/dial/to: \(target)"),
        (#"{"dial": {"to": {"number": "10"}}}"#, "/actions/0/dial/to: \(target)"),
        (#"{"dial": {"to": ["voicemail"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": [493023125401]}}"#, "/actions/0/dial/to/0: a number is a text, not a number"),
        (#"{"dial": {"to": ["10", ""]}}"#, "/actions/0/dial/to/1: \(number)"),
        (#"{"dial": {"to": ["1"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["+"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["1234567890123456"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["+49 30 23125401"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["0049-30-1"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["anonymous"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["1234567e0"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["sip:a@b.example"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["١٢٣"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["10</Number><Hangup/>"]}}"#, "/actions/0/dial/to/0: \(number)"),
        (#"{"dial": {"to": ["10"], "callerId": "Office"}}"#, "/actions/0/dial/callerId: \(number)"),
        (#"{"dial": {"to": ["10"], "callerId": null}}"#, "/actions/0/dial/callerId: \(noNull)"),
        (
            #"{"dial": {"to": ["10"], "anonymous": "undefined"}}"#,
            "/actions/0/dial/anonymous: true or false, not a text"
        ),
        (#"{"dial": {"to": ["10"], "anonymous": 1}}"#, "/actions/0/dial/anonymous: true or false, not a number"),
        (
            #"{"dial": {"to": ["10"], "callerID": "11"}}"#,
            "/actions/0/dial/callerID: \(known("to, callerId, anonymous"))"
        ),
        (#"{"dial": {"to": "voicemail", "callerId": "11"}}"#, "/actions/0/dial: \(mailbox)"),
        (#"{"dial": {"to": "voicemail", "anonymous": false}}"#, "/actions/0/dial: \(mailbox)"),
        // Gather.
        (#"{"gather": {"maxDigits": 0}}"#, "/actions/0/gather/maxDigits: a whole number from 1 to 100"),
        (#"{"gather": {"maxDigits": 101}}"#, "/actions/0/gather/maxDigits: a whole number from 1 to 100"),
        (#"{"gather": {"maxDigits": 1.0}}"#, "/actions/0/gather/maxDigits: a whole number from 1 to 100"),
        (#"{"gather": {"maxDigits": "1"}}"#, "/actions/0/gather/maxDigits: a whole number from 1 to 100"),
        (#"{"gather": {"timeout": 0}}"#, "/actions/0/gather/timeout: a whole number from 1 to 120000"),
        (#"{"gather": {"timeout": 120001}}"#, "/actions/0/gather/timeout: a whole number from 1 to 120000"),
        (#"{"gather": {"timeout": 1e3}}"#, "/actions/0/gather/timeout: a whole number from 1 to 120000"),
        (
            #"{"gather": {"timeout": 99999999999999999999}}"#,
            "/actions/0/gather/timeout: a whole number from 1 to 120000"
        ),
        (#"{"gather": {"timeout": "5s"}}"#, "/actions/0/gather/timeout: a whole number from 1 to 120000"),
        (#"{"gather": {"onData": "https://h"}}"#, "/actions/0/gather/onData: \(known("maxDigits, timeout, play"))"),
        (#"{"gather": {"play": [{"url": "https://h"}]}}"#, "/actions/0/gather/play: an object, not a list"),
        (#"{"gather": {"play": {"url": "http://h"}}}"#, "/actions/0/gather/play/url: \(https)"),
        // Play.
        (#"{"play": {}}"#, "/actions/0/play: url is missing"),
        (#"{"play": "https://h/a.wav"}"#, "/actions/0/play: an object, not a text"),
        (#"{"play": {"url": 1}}"#, "/actions/0/play/url: a text, not a number"),
        (#"{"play": {"url": ""}}"#, "/actions/0/play/url: \(https)"),
        (#"{"play": {"url": "/hello.wav"}}"#, "/actions/0/play/url: \(https)"),
        (#"{"play": {"url": "http://h/a.wav"}}"#, "/actions/0/play/url: \(https)"),
        (#"{"play": {"url": "file:///etc/passwd"}}"#, "/actions/0/play/url: \(https)"),
        (#"{"play": {"url": " https://h/a.wav"}}"#, "/actions/0/play/url: \(https)"),
        (#"{"play": {"url": "https://"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https:///a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://user@/a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://h:0/a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://h:65536/a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://h:+1/a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://h:/a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://[::1/a.wav"}}"#, "/actions/0/play/url: \(host)"),
        (#"{"play": {"url": "https://h/ä.wav"}}"#, "/actions/0/play/url: \(characters)"),
        (#"{"play": {"url": "https://h/a b.wav"}}"#, "/actions/0/play/url: \(characters)"),
        (#"{"play": {"url": "https://h/\u0000"}}"#, "/actions/0/play/url: \(characters)"),
        (#"{"play": {"url": "https://h/\"><Hangup/>"}}"#, "/actions/0/play/url: \(characters)"),
        (#"{"play": {"url": "https://h/%zz"}}"#, "/actions/0/play/url: two hexadecimal digits follow a percent sign"),
        (#"{"play": {"url": "https://h/%4"}}"#, "/actions/0/play/url: two hexadecimal digits follow a percent sign"),
        (
            #"{"play": {"url": "https://h/"# + String(repeating: "a", count: 2048) + #""}}"#,
            "/actions/0/play/url: an address has 2048 bytes at most"
        ),
    ]

    private static let verbs = "play, dial, gather, reject, hangup"
    private static let oneOf = "an action is one of \(verbs), each in an object of its own"
    private static let target = "a list of one to five numbers, or the text \"voicemail\""
    private static let number = "a number has 2 to 15 digits, perhaps after a plus, and nothing else"
    private static let mailbox = "the mailbox takes neither callerId nor anonymous"
    private static let noNull = "leave it out; null stands for nothing here"
    private static let https = "the address of a sound file is absolute and begins with https://"
    private static let host = "a host, and a port from 1 to 65535 if there is one, follow https://"
    private static let characters = "an address is written in the characters of RFC 3986; percent-encode all others"
    private static func known(_ names: String) -> String { "not known here; what may stand here: \(names)" }

    /// Some of the list are documents, most stand in `actions`.
    private static func document(_ text: String, _ problem: String) -> String {
        let isAction = problem.hasPrefix("/actions/") || problem.hasPrefix("/actions: 10")
        return isAction ? #"{"actions": [\#(text)]}"# : text
    }

    @Test("a bad decision is replaced by the fallback and explained in its event", arguments: bad)
    func fallback(_ text: String, _ problem: String) throws {
        let document = DecisionDecoderTests.document(text, problem)
        var inquiry = SipgateRoute.Inquiry(destination: "crm")
        inquiry.fallback = try decode(#"{"actions": [{"dial": {"to": "voicemail"}}]}"#)
        var route = SipgateRoute()
        route.inquiry = inquiry
        let provider = try SipgateProvider(
            publicURL: "https://h",
            routePath: "/hooks/sipgate",
            followUpKey: Array(0..<32),
            route: route
        )
        let webhook = try provider.webhook("event=newCall&direction=in&from=498999998071&to=493023125401&callId=1")
        guard case .events(_, let asks) = webhook.takeIn(at: Timestamp(milliseconds: 0)) else { return }
        #expect(asks)
        let (reply, note) = webhook.reply(to: .content(ByteBuffer(string: document)), at: Timestamp(milliseconds: 0))
        #expect(String(buffer: reply.body).hasSuffix("><Dial><Voicemail/></Dial></Response>"))
        let told = try JSONValue(parsing: try #require(note).data.readableBytesView)
        #expect(told["by"].text == "fallback" && told["asked"].text == "crm")
        #expect(told["problem"].text?.isEmpty == false)
    }

    @Test("a bad decision is refused with its place and the rule", arguments: bad)
    func refused(_ text: String, _ problem: String) {
        let document = DecisionDecoderTests.document(text, problem)
        let error = #expect(throws: DecisionProblem.self) { try decode(document) }
        #expect(error?.description == problem)
    }

    @Test("an outgoing call has one number, an incoming one up to five")
    func outgoing() throws {
        let document = #"{"actions": [{"dial": {"to": ["10", "11"]}}]}"#
        for direction in [.incoming, nil] as [Direction?] {
            #expect(try decode(document, in: DecisionContext(direction: direction)).actions.count == 1)
        }
        let error = #expect(throws: DecisionProblem.self) {
            try decode(document, in: DecisionContext(direction: .outgoing))
        }
        #expect(error?.description == "/actions/0/dial/to: an outgoing call has one number, not 2")
        let one = #"{"actions": [{"dial": {"to": ["10"]}}]}"#
        #expect(try decode(one, in: DecisionContext(direction: .outgoing)).actions.count == 1)
    }

    @Test("a menu that leads to itself ends")
    func gatherLimit() throws {
        let document = #"{"actions": [{"gather": {}}]}"#
        #expect(try decode(document, in: DecisionContext(gathers: 2, gatherLimit: 3)).gathers)
        let error = #expect(throws: DecisionProblem.self) {
            try decode(document, in: DecisionContext(gathers: 3, gatherLimit: 3))
        }
        #expect(
            error?.description
                == "/actions/0/gather: keys were collected 3 times in this call, and 3 is the limit"
        )
        #expect(try !decode(#"{"actions": []}"#, in: DecisionContext(gathers: 9, gatherLimit: 3)).gathers)
    }

    @Test("any bytes give a decision or a problem", arguments: 0..<4 as Range<UInt64>)
    func total(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let seeds = DecisionDecoderTests.bad.map { Array($0.0.utf8) }
        for _ in 0..<2000 {
            var bytes = Array(#"{"actions": ["#.utf8) + (seeds.randomElement(using: &random) ?? []) + Array("]}".utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let decision = try DecisionDecoder.decode(ByteBuffer(bytes: bytes), in: DecisionContext())
                #expect(decision.actions.count <= DecisionDecoder.maxActions)
            } catch {
                #expect(!error.rule.isEmpty)
                #expect(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            }
        }
    }
}
