import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("sipgate vectors")
struct VectorTests {
    @Test("the file is whole")
    func count() {
        #expect(Vector.valid.count == 96)
        #expect(Vector.invalid.count == 64)
    }

    @Test("a valid push becomes the event that is expected", arguments: Vector.valid)
    func accepts(_ vector: Vector) throws {
        let draft = try vector.draft()
        let data = try JSONValue(parsing: draft.data.readableBytesView)
        #expect(draft.subject == data["leg"].text)
        for name in vector.expect.names.sorted() {
            let actual = try #require(
                published(name, draft, data),
                "a field of the vectors that this test does not know: \(name)"
            )
            #expect(actual == vector.expect[name], "\(name)")
        }
    }

    @Test("an invalid push is rejected with reason and field", arguments: Vector.invalid)
    func rejects(_ vector: Vector) throws {
        let rejection = try #require(throws: Rejection.self) { try vector.draft() }
        #expect(rejection.reason.rawValue == vector.reason)
        #expect(rejection.field == vector.field)
    }

    /// What the event says about a field of the vectors, in their terms; nil for an unknown one.
    private func published(_ name: String, _ draft: EventDraft, _ data: JSONValue) -> JSONValue? {
        switch name {
        case "event": return JSONValue(stringLiteral: wireName(of: draft.type))
        case "callId": return data["leg"]
        case "origCallId": return data["originalLeg"]
        case "xcid": return data["correlation"]
        case "from", "to": return data[name]["raw"]
        case "fromKind": return data["from"]["kind"]
        case "fromE164": return data["from"]["e164"]
        case "toKind": return data["to"]["kind"]
        case "toE164": return data["to"]["e164"]
        case "dtmf": return data["digits"]
        case "direction", "diversion", "answeringNumber", "cause", "causeKnown", "voicemail": return data[name]
        case "extra": return data["extra"] == .null ? .object([:]) : data["extra"]
        case "users":
            // sipgate names nobody on a hangup, and then nothing is published; the vectors say an empty list.
            if draft.type.name == "call.ended" { return .array(data["users"].elements ?? []).withNullIDs }
            return data["users"].withNullIDs
        case "userIds": return ids(data, unpaired: "userIds", paired: "id")
        case "fullUserIds": return ids(data, unpaired: "fullUserIds", paired: "fullId")
        default: return nil
        }
    }

    private func wireName(of type: EventType) -> String {
        switch type.description {
        case "io.sipgate.call.started": "newCall"
        case "io.sipgate.call.answered": "answer"
        case "io.sipgate.call.ended": "hangup"
        case "io.sipgate.call.digits": "dtmf"
        default: type.description
        }
    }

    /// All ids of a push, wherever they are published.
    private func ids(_ data: JSONValue, unpaired: String, paired: String) -> JSONValue {
        let inUsers = (data["users"].elements ?? []).map { $0[paired] }.filter { $0 != .null }
        return .array((data[unpaired].elements ?? []) + inUsers)
    }
}

extension JSONValue {
    /// The vectors spell an id that a user has not as null.
    fileprivate var withNullIDs: JSONValue {
        guard let users = elements else { return self }
        return .array(users.map { .object(["name": $0["name"], "id": $0["id"], "fullId": $0["fullId"]]) })
    }
}
