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

    private func drafts(_ event: String, leg: String = "99A1") throws -> [EventDraft] {
        try provider.decode(ByteBuffer(string: (SipgateProviderTests.bodies[event] ?? "") + leg))
    }

    @Test("the reply subscribes to answer and hangup, byte for byte", arguments: ["newCall", "dtmf"])
    func subscribes(_ event: String) throws {
        let reply = provider.reply(to: try drafts(event))
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
        let reply = provider.reply(to: try drafts(event))
        #expect(reply.status == 200)
        #expect(String(buffer: reply.body) == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>")
    }

    @Test("an address is written in ASCII and parses back to itself")
    func escaping() throws {
        let url = "https://ü.example/a&b<c>\"d'\u{1F4DE}"
        let provider = try SipgateProvider.forTests(publicURL: url, routePath: "/")
        let reply = provider.reply(to: try drafts("newCall"))
        #expect(reply.body.readableBytesView.allSatisfy { $0 < 0x80 })
        let attributes = try XMLAttributes.parse(reply.body)
        #expect(attributes["onAnswer"]?.hasPrefix(url + "/answer/") == true)
        #expect(attributes["onHangup"]?.hasPrefix(url + "/hangup/") == true)
        #expect(ResponseXML.escape("\0\t\u{FFFE}") == "&#xFFFD;&#x9;&#xFFFD;")
    }

    @Test("the addresses of a reply vouch for their own event and leg, and for nothing else")
    func vouching() throws {
        let reply = provider.reply(to: try drafts("newCall", leg: "A/1"))
        let attributes = try XMLAttributes.parse(reply.body)
        let answer = try #require(attributes["onAnswer"]?.split(separator: "/").last.map(String.init))
        let hangup = try #require(attributes["onHangup"]?.split(separator: "/").last.map(String.init))
        #expect(answer != hangup)

        let answered = try drafts("answer", leg: "A/1")
        let ended = try drafts("hangup", leg: "A/1")
        #expect(provider.vouches(for: answered, followUp: FollowUp(kind: "answer", token: answer)))
        #expect(provider.vouches(for: ended, followUp: FollowUp(kind: "hangup", token: hangup)))

        for (drafts, kind, token) in [
            (answered, "answer", hangup),
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
            ([], "answer", answer),
            (answered + ended, "answer", answer),
            (try self.drafts("answer", leg: "A/2"), "answer", answer),
            (try self.drafts("newCall", leg: "A/1"), "answer", answer),
            (try self.drafts("dtmf", leg: "A/1"), "dtmf", answer),
        ] {
            #expect(!provider.vouches(for: drafts, followUp: FollowUp(kind: kind, token: token)), "\(kind) \(token)")
        }
    }

    @Test("a token is good for one route under one key, on every event loop and after a restart")
    func scope() throws {
        let reply = provider.reply(to: try drafts("newCall"))
        let token = try #require(try XMLAttributes.parse(reply.body)["onAnswer"]?.split(separator: "/").last)
        let followUp = FollowUp(kind: "answer", token: String(token))
        let answered = try drafts("answer")
        #expect(try SipgateProvider.forTests().vouches(for: answered, followUp: followUp))
        #expect(try SipgateProvider.forTests(publicURL: "https://b").vouches(for: answered, followUp: followUp))
        #expect(try !SipgateProvider.forTests(routePath: "/hooks/other").vouches(for: answered, followUp: followUp))
        #expect(try !SipgateProvider.forTests(followUpKey: [1]).vouches(for: answered, followUp: followUp))
    }

    @Test(
        "every reply vouches for the next push of its leg",
        arguments: ["1", "AbC-9~", String(repeating: "C0DE", count: 128)]
    )
    func everyLeg(_ leg: String) throws {
        for _ in 0..<3 {
            let attributes = try XMLAttributes.parse(provider.reply(to: try drafts("newCall", leg: leg)).body)
            let token = try #require(attributes["onHangup"]?.split(separator: "/").last.map(String.init))
            #expect(token.utf8.count == 22)
            #expect(
                provider.vouches(for: try drafts("hangup", leg: leg), followUp: FollowUp(kind: "hangup", token: token))
            )
        }
    }
}
