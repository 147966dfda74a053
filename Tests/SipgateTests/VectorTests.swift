import Foundation
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite struct VectorTests {
    private func provider() throws -> SipgateProvider {
        try SipgateProvider(publicURL: "https://h.example", routePath: "/hooks/sipgate", followUpKey: [1, 2, 3])
    }

    /// Screens and decodes as the gateway does.
    private func drafts(_ vector: Vector) throws -> [EventDraft] {
        let headers = vector.contentType.map { [(name: "Content-Type", value: $0)] } ?? []
        let provider = try provider()
        try provider.screen(HeaderFields(headers))
        return try provider.decode(ByteBuffer(string: vector.body))
    }

    @Test func `All vectors are there`() {
        #expect(Vector.all.count == 160)
        #expect(Vector.all.filter(\.isValid).count == 96)
    }

    @Test(arguments: Vector.all.filter { !$0.isValid })
    func `An invalid push is refused with its reason and field`(vector: Vector) throws {
        let rejection = #expect(throws: Rejection.self) { try drafts(vector) }
        #expect(rejection?.reason.rawValue == vector.reason)
        if let field = vector.field { #expect(rejection?.field == field) }
    }

    @Test(arguments: Vector.all.filter(\.isValid))
    func `A valid push becomes the expected event`(vector: Vector) throws {
        let draft = try #require(drafts(vector).first)
        let data = try #require(
            try JSONSerialization.jsonObject(with: Data(draft.data.readableBytesView)) as? [String: Any])
        let expected = try #require(try JSONSerialization.jsonObject(with: vector.expectation) as? [String: Any])
        for (key, value) in expected {
            let found = actual(key, draft, data)
            let wanted = value is NSNull ? nil : value as? NSObject
            #expect(found == wanted, "\(key) of \(vector.name): \(String(describing: found))")
        }
    }

    /// What our event says where the vectors speak of a wire field.
    private func actual(_ key: String, _ draft: EventDraft, _ data: [String: Any]) -> NSObject? {
        func text(_ key: String) -> NSObject? { data[key] as? NSObject }
        func member(_ number: String, _ key: String) -> NSObject? { (data[number] as? [String: Any])?[key] as? NSObject }
        switch key {
        case "event":
            let events = [
                "call.started": "newCall", "call.answered": "answer", "call.ended": "hangup", "call.digits": "dtmf",
            ]
            return events[draft.type.name] as NSObject?
        case "callId": return draft.subject == data["leg"] as? String ? text("leg") : nil
        case "origCallId": return text("originalLeg")
        case "xcid": return text("correlation")
        case "dtmf": return text("digits")
        case "from", "to":
            guard let number = data[key] as? [String: Any] else { return nil }
            return number["kind"] as? String == "empty" ? "" as NSString : number["raw"] as? NSObject
        case "fromKind": return member("from", "kind")
        case "toKind": return member("to", "kind")
        case "fromE164": return member("from", "e164")
        case "toE164": return member("to", "e164")
        case "users":
            guard let users = data["users"] as? [[String: Any]] else { return nil }
            return users.map { user in
                ["name": user["name"] ?? NSNull(), "id": user["id"] ?? NSNull(), "fullId": user["fullId"] ?? NSNull()]
            } as NSArray
        case "userIds": return ids("userIds", "id", data)
        case "fullUserIds": return ids("fullUserIds", "fullId", data)
        case "extra": return (data["extra"] ?? [:]) as? NSObject
        default: return text(key)
        }
    }

    /// Ids stand beside their names when they could be paired, else in a list of their own.
    private func ids(_ list: String, _ member: String, _ data: [String: Any]) -> NSObject? {
        if let unpaired = data[list] as? NSObject { return unpaired }
        return (data["users"] as? [[String: Any]])?.compactMap { $0[member] } as NSArray?
    }
}
