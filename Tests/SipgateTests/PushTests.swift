import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Push")
struct PushTests {
    private static let start = "event=newCall&direction=in&from=498999998071&to=493023125401&callId=99A1"

    private func data(of body: some Sequence<UInt8>) throws -> JSONValue {
        let draft = try CallNormalizer.draft(ofPush: ByteBuffer(bytes: body))
        return try JSONValue(parsing: draft.data.readableBytesView)
    }

    @Test(
        "raw bytes that are not UTF-8 are refused in names and values, known or not",
        arguments: [[0xFF], [0x4A, 0xF6, 0x72, 0x67], [0xC3]] as [[UInt8]]
    )
    func rawBytes(_ bytes: [UInt8]) {
        for prefix in ["&user[]=", "&memo=", "&"] {
            let body = Array((PushTests.start + prefix).utf8) + bytes
            #expect(throws: Rejection(.invalidUTF8)) { try data(of: body) }
        }
    }

    @Test("limits count bytes and hold to the byte")
    func limits() throws {
        let body = { (field: String, count: Int) in
            Array((PushTests.start + "&\(field)=" + String(repeating: "x", count: count)).utf8)
        }
        for field in ["diversion", "user", "userId[]", "xcid", "answeringNumber", "cause"] {
            _ = try data(of: body(field, 1024))
            #expect(throws: Rejection(.valueTooLong, field: field)) { try data(of: body(field, 1025)) }
        }
        _ = try data(of: body("origCallId", 512))
        #expect(throws: Rejection(.valueTooLong, field: "origCallId")) { try data(of: body("origCallId", 513)) }
        _ = try data(of: body("unknown", 60_000))
    }

    @Test(
        "ids are visible ASCII",
        arguments: ["callId", "origCallId", "xcid", "userId", "userId[]", "fullUserId", "fullUserId[]"]
    )
    func identifiers(_ field: String) {
        for value in ["a+b", "%C3%A4", "%7F", "%01"] {
            let body = "event=hangup&callId=1&".replacing("callId=1&", with: field == "callId" ? "" : "callId=1&")
            let reason: ReasonCode = value.hasPrefix("%C3") || value == "a+b" ? .invalidIdentifier : .controlCharacter
            #expect(throws: Rejection(reason, field: field)) { try data(of: "\(body)\(field)=\(value)".utf8) }
        }
    }

    @Test("a bare user may be repeated on newCall alone")
    func repeatedUsers() throws {
        let twice = "&user=Ida&user=Bo"
        #expect(try data(of: (PushTests.start + twice).utf8)["users"].elements?.count == 2)
        for event in ["answer", "hangup", "dtmf"] {
            #expect(throws: Rejection(.duplicateField, field: "user")) {
                try data(of: "event=\(event)&callId=1\(twice)".utf8)
            }
        }
    }

    @Test("empty values other than those of from and dtmf are absent")
    func empties() throws {
        let names = ["origCallId", "xcid", "direction", "to", "diversion", "answeringNumber", "cause", "user"]
        let body = "event=hangup&callId=1&from=&" + names.map { "\($0)=" }.joined(separator: "&")
        let data = try data(of: body.utf8)
        #expect(data.names == ["leg", "from"])
        #expect(data["from"] == .object(["kind": "empty", "raw": ""]))
        #expect(try self.data(of: "event=dtmf&callId=1&dtmf=".utf8)["digits"] == "")
        #expect(try self.data(of: "event=dtmf&callId=1".utf8)["digits"] == "")
    }

    @Test("a cause or keys on an event that has none are kept beside the unknown fields")
    func misplaced() throws {
        let data = try data(of: (PushTests.start + "&cause=busy&dtmf=1&z=2&cause2=&a=1&z=3").utf8)
        #expect(
            data["extra"]
                == .object([
                    "a": .array(["1"]), "cause": .array(["busy"]), "cause2": .array([""]),
                    "dtmf": .array(["1"]), "z": .array(["2", "3"]),
                ])
        )
        #expect(data["cause"] == .null)
        #expect(data["digits"] == .null)
    }

    @Test("unknown names that look the same but have other bytes stay apart")
    func normalization() throws {
        let body = Array((PushTests.start + "&\u{E4}=1&a\u{308}=2").utf8)
        let draft = try CallNormalizer.draft(ofPush: ByteBuffer(bytes: body))
        let end = Array("\"extra\":{\"a\u{308}\":[\"2\"],\"\u{E4}\":[\"1\"]}}".utf8)
        #expect(draft.data.readableBytesView.suffix(end.count).elementsEqual(end))
    }

    @Test("the whole event is written as the design shows it")
    func whole() throws {
        let body =
            "event=hangup&callId=B&cause=callEnd&to=12&from=4921155667788&direction=in&origCallId=A&xcid=x1"
            + "&user=Al+%22A%22&userId=w0&fullUserId=1w0&answeringNumber=49&diversion=d&new=v"
        let draft = try CallNormalizer.draft(ofPush: ByteBuffer(string: body))
        let expected =
            #"{"leg":"B","originalLeg":"A","correlation":"x1","direction":"in","#
            + #""from":{"kind":"number","e164":"+4921155667788","raw":"4921155667788"},"to":{"kind":"short","raw":"12"},"#
            + #""diversion":"d","answeringNumber":"49","users":[{"name":"Al \"A\"","id":"w0","fullId":"1w0"}],"#
            + #""voicemail":false,"cause":"callEnd","causeKnown":false,"extra":{"new":["v"]}}"#
        #expect(String(buffer: draft.data) == expected)
        #expect(draft.subject == "B")
        #expect(draft.type.description == "io.sipgate.call.ended")
    }
}
