import HookgateTesting
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Decision XML")
struct DecisionXMLTests {
    private static let followUps = FollowUpAddresses(
        onAnswer: "https://h/answer/1",
        onHangup: "https://h/hangup/2",
        onData: "https://h/data/3?a=1&b=2"
    )

    private func xml(_ actions: String, _ followUps: FollowUpAddresses = followUps) throws -> String {
        let document = ByteBuffer(string: #"{"actions": [\#(actions)]}"#)
        let decision = try DecisionDecoder.decode(document, in: DecisionContext())
        return String(buffer: DecisionXML.write(decision, followUps: followUps))
    }

    @Test(
        "every verb is written as sipgate documents it",
        arguments: [
            (#"{"hangup": {}}"#, "<Hangup/>"),
            (#"{"reject": {}}"#, "<Reject/>"),
            (#"{"reject": {"reason": "rejected"}}"#, #"<Reject reason="rejected"/>"#),
            (#"{"reject": {"reason": "busy"}}"#, #"<Reject reason="busy"/>"#),
            (#"{"dial": {"to": "voicemail"}}"#, "<Dial><Voicemail/></Dial>"),
            (#"{"dial": {"to": ["+4915228817386"]}}"#, "<Dial><Number>+4915228817386</Number></Dial>"),
            (
                #"{"dial": {"to": ["10", "493023125402"], "callerId": "+493023125401", "anonymous": false}}"#,
                #"<Dial callerId="+493023125401" anonymous="false">"#
                    + "<Number>10</Number><Number>493023125402</Number></Dial>"
            ),
            (#"{"dial": {"to": ["10"], "anonymous": true}}"#, #"<Dial anonymous="true"><Number>10</Number></Dial>"#),
            (#"{"play": {"url": "https://h/a.wav"}}"#, "<Play><Url>https://h/a.wav</Url></Play>"),
            (
                #"{"play": {"url": "https://h/?a=1&b='2'"}}"#,
                "<Play><Url>https://h/?a=1&amp;b=&apos;2&apos;</Url></Play>"
            ),
            (#"{"gather": {}}"#, #"<Gather onData="https://h/data/3?a=1&amp;b=2"/>"#),
            (
                #"{"gather": {"play": {"url": "https://h/m.wav"}, "timeout": 5000, "maxDigits": 3}}"#,
                #"<Gather onData="https://h/data/3?a=1&amp;b=2" maxDigits="3" timeout="5000">"#
                    + "<Play><Url>https://h/m.wav</Url></Play></Gather>"
            ),
            (
                #"{"play": {"url": "https://h/1"}}, {"play": {"url": "https://h/2"}}, {"hangup": {}}"#,
                "<Play><Url>https://h/1</Url></Play><Play><Url>https://h/2</Url></Play><Hangup/>"
            ),
        ]
    )
    func golden(_ actions: String, _ expected: String) throws {
        let head =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + #"<Response onAnswer="https://h/answer/1" onHangup="https://h/hangup/2">"#
        #expect(try xml(actions) == head + expected + "</Response>")
    }

    @Test("a decision to go on is the subscribing reply of old, byte for byte")
    func proceed() throws {
        var tokens = try FollowUpTokens(routePath: "/p", key: [1])
        let (answer, hangup) = tokens.tokens(for: "leg")
        let address = "https://ü.example/p?\"&"
        let followUps = FollowUpAddresses(
            onAnswer: address + "/answer/" + String(decoding: (0..<22).map { answer[$0] }, as: UTF8.self),
            onHangup: address + "/hangup/" + String(decoding: (0..<22).map { hangup[$0] }, as: UTF8.self),
            onData: ""
        )
        #expect(
            DecisionXML.write(.proceed, followUps: followUps)
                == ResponseXML(address: address).subscribing(answer: answer, hangup: hangup)
        )
    }

    @Test("no decision breaks the XML: Python's parser reads what was meant")
    func property() throws {
        var random = SeededRandom(seed: 2026)
        var documents: [String] = []
        var meant: [String] = []
        for _ in 0..<1500 {
            let (decision, followUps, lines) = DecisionXMLTests.randomDecision(using: &random)
            let xml = DecisionXML.write(decision, followUps: followUps)
            #expect(xml.readableBytesView.allSatisfy { $0 == 0x0A || 0x20..<0x7F ~= $0 })
            // The only line end is that of the declaration.
            documents.append(String(buffer: xml).replacing("?>\n", with: "?>"))
            meant.append(lines)
        }
        let script = """
            import sys, json, xml.etree.ElementTree as tree
            def shape(element):
                assert not (element.tail or "").strip()
                children = [shape(child) for child in element]
                return [element.tag, sorted(element.attrib.items()), element.text or "", children]
            for line in sys.stdin:
                print(json.dumps(shape(tree.fromstring(line.encode())), separators=(",", ":"), ensure_ascii=True))
            """
        let result = try Command.runBlocking(
            "python3",
            ["-c", script],
            input: documents.joined(separator: "\n")
        )
        try #require(result.status == 0, "\(result.error)")
        let read = result.output.split(separator: "\n").map(String.init)
        try #require(read.count == meant.count)
        for (read, meant) in zip(read, meant) {
            #expect(try JSONValue(parsing: Array(read.utf8)) == JSONValue(parsing: Array(meant.utf8)))
        }
    }

    /// A decision, addresses for it, and the tree they mean, as JSON.
    private static func randomDecision(
        using random: inout SeededRandom
    ) -> (CallDecision, FollowUpAddresses, String) {
        let address = { (random: inout SeededRandom) in "https://h/" + text(using: &random) }
        let followUps = FollowUpAddresses(
            onAnswer: address(&random),
            onHangup: address(&random),
            onData: address(&random)
        )
        var actions: [CallAction] = []
        var shapes: [JSONTree] = []
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let (url, shape) = audio(using: &random)
            actions.append(.play(url))
            shapes.append(shape)
        }
        if let (action, shape) = last(onData: followUps.onData, using: &random) {
            actions.append(action)
            shapes.append(shape)
        }
        let root = element(
            "Response",
            [("onAnswer", followUps.onAnswer), ("onHangup", followUps.onHangup)],
            children: shapes
        )
        return (CallDecision(actions: actions), followUps, json(root))
    }

    private static func last(onData: String, using random: inout SeededRandom) -> (CallAction, JSONTree)? {
        switch Int.random(in: 0...5, using: &random) {
        case 0:
            let reason = [nil, CallAction.RejectReason.busy, .rejected].randomElement(using: &random) ?? nil
            return (.reject(reason), element("Reject", reason.map { [("reason", $0.rawValue)] } ?? []))
        case 1:
            return (.hangup, element("Hangup"))
        case 2:
            let keys = Bool.random(using: &random) ? Int.random(in: 1...100, using: &random) : nil
            let time = Bool.random(using: &random) ? Int.random(in: 1...120_000, using: &random) : nil
            let play = Bool.random(using: &random) ? audio(using: &random) : nil
            let attributes = [("maxDigits", keys?.description), ("onData", onData), ("timeout", time?.description)]
            return (
                .gather(CallAction.Gather(maxDigits: keys, timeoutMilliseconds: time, play: play?.0)),
                element("Gather", attributes, children: play.map { [$0.1] } ?? [])
            )
        case 3:
            let dial = CallAction.Dial(target: .voicemail, callerID: nil, isAnonymous: nil)
            return (.dial(dial), element("Dial", children: [element("Voicemail")]))
        case 4:
            let numbers = (1...Int.random(in: 1...5, using: &random)).compactMap { _ in
                DialNumber(
                    ["+", ""][Int.random(in: 0...1, using: &random)]
                        + "\(UInt32.random(in: 10...UInt32.max, using: &random))"
                )
            }
            let callerID = Bool.random(using: &random) ? numbers.first : nil
            let isAnonymous = [nil, true, false].randomElement(using: &random) ?? nil
            let attributes = [("anonymous", isAnonymous?.description), ("callerId", callerID?.text)]
            return (
                .dial(CallAction.Dial(target: .numbers(numbers), callerID: callerID, isAnonymous: isAnonymous)),
                element("Dial", attributes, children: numbers.map { element("Number", text: $0.text) })
            )
        default:
            return nil
        }
    }

    private static func audio(using random: inout SeededRandom) -> (AudioURL, JSONTree) {
        let allowed = Array("abzAZ09-._~:/?#[]@!$&'()*+,;=".utf8)
        while true {
            let path = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                allowed.randomElement(using: &random) ?? 0
            }
            let text = "https://media.example/" + String(decoding: path, as: UTF8.self)
            if let url = try? AudioURL(text) {
                return (url, element("Play", children: [element("Url", text: text)]))
            }
        }
    }

    /// Text with everything that XML treats as special; control characters are left to a test of their own.
    private static func text(using random: inout SeededRandom) -> String {
        let scalars: [Unicode.Scalar] = [
            "&", "<", ">", "\"", "'", " ", "\t", "\n", "\r", "ä", "\u{85}", "\u{2028}", "\u{FFFD}", "\u{1F600}", "a",
            ";", "#",
            "]", "\u{7F}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            text.append(scalars.randomElement(using: &random) ?? "a")
        }
        return String(text)
    }

    private static func element(
        _ name: String,
        _ attributes: [(String, String?)] = [],
        text: String = "",
        children: [JSONTree] = []
    ) -> JSONTree {
        let pairs = attributes.compactMap { name, value in
            value.map { JSONTree.array([.text(name), .text($0)]) }
        }
        return .array([.text(name), .array(pairs), .text(text), .array(children)])
    }

    private static func json(_ tree: JSONTree) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSON { json in write(tree, &json) }
        return String(buffer: buffer)
    }

    private static func write(_ tree: JSONTree, _ json: inout JSONWriter) {
        switch tree {
        case .text(let text): json.string(text)
        default: json.array { json in for element in tree.elements { write(element, &json) } }
        }
    }
}
