import Foundation
import HookgateTesting
import NIOCore
import OpenSSL
import Testing

@testable import Sipgate

/// What docs/applications.md shows to those who write backends is what they get.
@Suite struct ApplicationsPageTests {
    private let page: String

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/applications.md")
        page = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
    }

    @Test func `Every event that it shows follows the schema of its type`() throws {
        let events = try page.matches(of: /(?s)```json\n(.*?)```/).map { match in
            try #require(String(match.1).contains("\"specversion\""))
            return String(match.1).replacing("\n", with: " ")
        }
        for kind in ["started", "answered", "ended", "digits", "decided"] + DerivedEvent.Kind.allCases.map(\.rawValue) {
            #expect(events.contains { $0.contains("call.\(kind.replacing("call.", with: ""))\"") }, "\(kind)")
        }
        for (event, verdict) in zip(events, try SchemaTests.check(events)) {
            #expect(verdict == "ok", "\(event)")
        }
    }

    @Test func `Every answer in its table leads to the XML beside it`() throws {
        let rows = page.matches(of: #/(?m)^\| `(\{"actions": .*?)` \| (?:`(<.*>)`|nothing.*) \|$/#)
        try #require(rows.count >= 9)
        for row in rows {
            let decision = try DecisionDecoder.decode(ByteBuffer(string: String(row.1)), in: DecisionContext())
            let addresses = FollowUpAddresses(onAnswer: "a", onHangup: "h", onData: "data")
            let xml = String(buffer: DecisionXML.write(decision, followUps: addresses))
            let expected = row.2.map { ">\($0.replacing("…", with: "data"))</Response>" } ?? "/>"
            #expect(xml.hasSuffix("onHangup=\"h\"" + expected), "\(xml)")
        }
    }

    @Test(arguments: [
        (#"{"actions": [{"hangup": {}}, {"play": {"url": "https://media.example.net/x.wav"}}]}"#, "/actions/1: "),
        ("[]", "an object, not a list"),
    ])
    func `It names the problem of a bad answer as it is told`(answer: String, words: String) throws {
        let problem = try #require(throws: DecisionProblem.self) {
            try DecisionDecoder.decode(ByteBuffer(string: answer), in: DecisionContext())
        }
        #expect(problem.description.hasPrefix(words))
        #expect(page.contains("`\(answer)` | `\(problem.description)` |"))
    }

    @Test func `Its signature is that of its secret`() throws {
        let key = try #require(Data(base64Encoded: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"))
        var mac = try MAC(key: Array(key))
        let code = mac.code(of: Array("msg-1.1795858603.{\"a\":1}".utf8)).bytes
        let signature = Data(code.indices.map { code[$0] }).base64EncodedString()
        #expect(page.contains("the signature is `v1,\(signature)`"))
    }
}
