import NIOCore
import Webhooks

/// Writes a push as an event: the type, the leg as subject, and the `data` that `docs/schemas` describes.
enum CallNormalizer {
    private static let started = EventType(namespace: "io.sipgate", name: "call.started")
    private static let answered = EventType(namespace: "io.sipgate", name: "call.answered")
    private static let ended = EventType(namespace: "io.sipgate", name: "call.ended")
    private static let digits = EventType(namespace: "io.sipgate", name: "call.digits")

    /// Cannot fail: a push that exists is valid.
    static func draft(_ push: Push) -> EventDraft {
        EventDraft(type: type(of: push.kind), subject: push.leg, data: data(push))
    }

    private static func type(of kind: Push.Kind) -> EventType {
        switch kind {
        case .newCall: started
        case .answer: answered
        case .hangup: ended
        case .dtmf: digits
        }
    }

    /// Absent is absent: no null, and no empty string for what is unknown.
    private static func data(_ push: Push) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(512)
        var object = JSONObjectWriter(into: &out)
        object.string("leg", push.leg, into: &out)
        object.string("originalLeg", push.originalLeg, into: &out)
        object.string("correlation", push.correlation, into: &out)
        object.string("direction", push.direction?.rawValue, into: &out)
        if let from = push.from { write("from", from, &object, &out) }
        if let to = push.to { write("to", to, &object, &out) }
        object.string("diversion", push.diversion, into: &out)
        object.string("answeringNumber", push.answeringNumber, into: &out)
        if let users = push.users {
            object.name("users", into: &out)
            write(users, &out)
            // Lists that could not be paired with the names stand beside them, as they came.
            if push.userIDs.count != users.count { object.strings("userIds", push.userIDs, into: &out) }
            if push.fullUserIDs.count != users.count { object.strings("fullUserIds", push.fullUserIDs, into: &out) }
            object.bool("voicemail", push.isVoicemail, into: &out)
        }
        if let cause = push.cause {
            object.string("cause", cause.word, into: &out)
            object.bool("causeKnown", cause.isKnown, into: &out)
        }
        object.string("digits", push.digits, into: &out)
        if !push.extra.isEmpty {
            object.name("extra", into: &out)
            var extra = JSONObjectWriter(into: &out)
            for (key, values) in push.extra {
                extra.name(escaping: key, into: &out)
                JSONObjectWriter.array(values, into: &out)
            }
            extra.end(into: &out)
        }
        object.end(into: &out)
        return out
    }

    private static func write(
        _ name: StaticString,
        _ number: PhoneNumber,
        _ object: inout JSONObjectWriter,
        _ out: inout ByteBuffer
    ) {
        object.name(name, into: &out)
        var member = JSONObjectWriter(into: &out)
        member.string("kind", number.kind.rawValue, into: &out)
        member.string("e164", number.e164, into: &out)
        if number.kind != .empty { member.string("raw", number.raw, into: &out) }
        member.end(into: &out)
    }

    private static func write(_ users: [CallUser], _ out: inout ByteBuffer) {
        out.writeInteger(UInt8(ascii: "["))
        for (index, user) in users.enumerated() {
            if index > 0 { out.writeInteger(UInt8(ascii: ",")) }
            var member = JSONObjectWriter(into: &out)
            member.string("name", user.name, into: &out)
            member.string("id", user.id, into: &out)
            member.string("fullId", user.fullID, into: &out)
            member.end(into: &out)
        }
        out.writeInteger(UInt8(ascii: "]"))
    }
}
