import Foundation
import NIOCore
import OpenSSL
import Testing
import Webhooks

@testable import Sipgate

@Suite("sipgate provider")
struct SipgateProviderTests {
    private let provider: SipgateProvider
    private static let bodies: [String: String] = [
        "newCall": "event=newCall&direction=in&from=498999998071&to=493023125401&callId=",
        "answer": "event=answer&callId=",
        "hangup": "event=hangup&cause=busy&callId=",
        "dtmf": "event=dtmf&dtmf=1&callId=",
    ]

    init() throws {
        provider = try .forTests()
    }

    private func push(_ event: String, leg: String = "99A1") throws -> SipgateWebhook {
        try provider.webhook((SipgateProviderTests.bodies[event] ?? "") + leg)
    }

    private func reply(_ event: String, leg: String = "99A1") throws -> Reply {
        try push(event, leg: leg).reply(to: nil, at: Timestamp(milliseconds: 0)).reply
    }

    @Test("the reply subscribes to answer and hangup, byte for byte", arguments: ["newCall", "dtmf"])
    func subscribes(_ event: String) throws {
        let reply = try reply(event)
        var mac = try MAC(key: Array(0..<32))
        let code = mac.code(of: Array("/hooks/sipgate\0".utf8) + Array("99A1".utf8)).bytes
        let token = { (range: Range<Int>) in
            Data(range.map { code[$0] }).base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        let address = "https://hooks.example.net:8443/hooks/sipgate"
        #expect(reply.status == 200)
        #expect(reply.contentType?.description == "application/xml")
        #expect(reply.headers.isEmpty)
        #expect(
            String(buffer: reply.body)
                == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response onAnswer=\"\(address)/answer/\(token(0..<16))\""
                + " onHangup=\"\(address)/hangup/\(token(16..<32))\"/>"
        )
    }

    @Test("what nobody reads is an empty response", arguments: ["answer", "hangup"])
    func empty(_ event: String) throws {
        let reply = try reply(event)
        #expect(reply.status == 200)
        #expect(String(buffer: reply.body) == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>")
    }

    @Test("an address is written in ASCII and parses back to itself")
    func escaping() throws {
        let url = "https://ü.example/a&b<c>\"d'\u{1F4DE}"
        let provider = try SipgateProvider.forTests(publicURL: url, routePath: "/")
        let reply = provider.reply(to: .newCall, of: "99A1", .proceed)
        #expect(reply.body.readableBytesView.allSatisfy { $0 < 0x80 })
        let attributes = try XMLAttributes.parse(reply.body)
        #expect(attributes["onAnswer"]?.hasPrefix(url + "/answer/") == true)
        #expect(attributes["onHangup"]?.hasPrefix(url + "/hangup/") == true)
        #expect(ResponseXML.escape("\0\t\u{FFFE}") == "&#xFFFD;&#x9;&#xFFFD;")
    }

    @Test("the addresses of a reply vouch for their own event and leg, and for nothing else")
    func vouching() throws {
        let reply = try reply("newCall", leg: "A/1")
        let attributes = try XMLAttributes.parse(reply.body)
        let answer = try #require(attributes["onAnswer"]?.split(separator: "/").last.map(String.init))
        let hangup = try #require(attributes["onHangup"]?.split(separator: "/").last.map(String.init))
        #expect(answer != hangup)

        let answered = try push("answer", leg: "A/1")
        let ended = try push("hangup", leg: "A/1")
        let pressed = try push("dtmf", leg: "A/1")
        #expect(answered.isVouchedFor(by: FollowUp(kind: "answer", token: answer)))
        #expect(ended.isVouchedFor(by: FollowUp(kind: "hangup", token: hangup)))

        // A gather has an address of its own.
        let menu = try DecisionDecoder.decode(
            ByteBuffer(string: #"{"actions":[{"gather":{}}]}"#),
            in: DecisionContext()
        )
        let gathering = String(buffer: provider.reply(to: .newCall, of: "A/1", menu).body)
        let data = try #require(
            gathering.split(separator: "/dtmf/").last?.split(separator: "\"").first.map(String.init)
        )
        #expect(Set([answer, hangup, data]).count == 3)
        #expect(gathering.contains("onAnswer=\"https://hooks.example.net:8443/hooks/sipgate/answer/\(answer)\""))
        #expect(gathering.contains("onHangup=\"https://hooks.example.net:8443/hooks/sipgate/hangup/\(hangup)\""))
        #expect(pressed.isVouchedFor(by: FollowUp(kind: "dtmf", token: data)))

        for (push, kind, token) in [
            (answered, "answer", hangup),
            (answered, "answer", data),
            (ended, "hangup", data),
            (answered, "hangup", hangup),
            (answered, "hangup", answer),
            (ended, "hangup", answer),
            (ended, "answer", answer),
            (answered, "", answer),
            (answered, "Answer", answer),
            (answered, "answer", ""),
            (answered, "answer", String(answer.dropLast())),
            (answered, "answer", answer + "="),
            (answered, "answer", answer.uppercased()),
            (try self.push("answer", leg: "A/2"), "answer", answer),
            (try self.push("dtmf", leg: "A/2"), "dtmf", data),
            (try self.push("newCall", leg: "A/1"), "answer", answer),
            (pressed, "dtmf", answer),
            (pressed, "dtmf", hangup),
            (pressed, "answer", data),
        ] {
            #expect(!push.isVouchedFor(by: FollowUp(kind: kind, token: token)), "\(kind) \(token)")
        }
    }

    @Test("a token is good for one route under one key, on every event loop and after a restart")
    func scope() throws {
        let reply = try reply("newCall")
        let token = try #require(try XMLAttributes.parse(reply.body)["onAnswer"]?.split(separator: "/").last)
        let followUp = FollowUp(kind: "answer", token: String(token))
        let body = "event=answer&callId=99A1"
        #expect(try SipgateProvider.forTests().webhook(body).isVouchedFor(by: followUp))
        #expect(try SipgateProvider.forTests(publicURL: "https://b").webhook(body).isVouchedFor(by: followUp))
        #expect(try !SipgateProvider.forTests(routePath: "/hooks/other").webhook(body).isVouchedFor(by: followUp))
        #expect(try !SipgateProvider.forTests(followUpKey: [1]).webhook(body).isVouchedFor(by: followUp))
    }

    @Test(
        "every reply vouches for the next push of its leg",
        arguments: ["1", "AbC-9~", String(repeating: "C0DE", count: 128)]
    )
    func everyLeg(_ leg: String) throws {
        for _ in 0..<3 {
            let attributes = try XMLAttributes.parse(try reply("newCall", leg: leg).body)
            let token = try #require(attributes["onHangup"]?.split(separator: "/").last.map(String.init))
            #expect(token.utf8.count == 22)
            #expect(
                try push("hangup", leg: leg).isVouchedFor(by: FollowUp(kind: "hangup", token: token))
            )
        }
    }
}
