import NIOCore
import Webhooks

/// Turns a push into the event that destinations get: `data` as `docs/schemas` describes it.
///
/// It cannot fail: a `Push` that exists can be written. Absent is absent: nothing is written for what was not sent.
final class CallNormalizer: Sendable {
    /// The types of events, by what sipgate pushed.
    private let started = EventType(namespace: "io.sipgate", name: "call.started")
    private let answered = EventType(namespace: "io.sipgate", name: "call.answered")
    private let ended = EventType(namespace: "io.sipgate", name: "call.ended")
    private let digits = EventType(namespace: "io.sipgate", name: "call.digits")

    /// The event for a push.
    ///
    /// - Parameters:
    ///   - push: The push.
    ///   - direction: Which way its call goes, where the push does not say.
    ///   - more: Writes what is known beside the push, as further members.
    /// - Returns: The event.
    func draft(
        of push: Push,
        direction: Direction? = nil,
        adding more: (inout JSONWriter) -> Void = { _ in }
    ) -> EventDraft {
        var data = ByteBuffer()
        data.writeJSON(capacity: 896) { json in
            json.object { json in
                write(push, &json)
                more(&json)
            }
        }
        return EventDraft(
            type: type(of: push.event),
            subject: push.leg.text,
            data: data,
            direction: (push.direction ?? direction)?.rawValue
        )
    }

    private func type(of event: PushEvent) -> EventType {
        switch event {
        case .newCall: started
        case .answer: answered
        case .hangup: ended
        case .dtmf: digits
        }
    }

    private func write(_ push: Push, _ json: inout JSONWriter) {
        json.field("leg", push.leg.text)
        json.field("originalLeg", push.originalLeg?.text)
        json.field("correlation", push.correlation)
        json.field("direction", push.direction?.rawValue)
        write("from", push.from, &json)
        write("to", push.to, &json)
        json.field("diversion", push.diversion)
        json.field("answeringNumber", push.answeringNumber)
        write(push.users, isTold: push.event == .newCall || push.event == .answer, &json)
        if push.event == .hangup, let cause = push.cause {
            json.field("cause", cause.text)
            json.field("causeKnown", cause.isKnown)
        }
        if push.event == .dtmf { json.field("digits", push.digits?.text ?? "") }
        write(extra(of: push), &json)
    }

    private func write(_ name: StaticString, _ number: PhoneNumber?, _ json: inout JSONWriter) {
        guard let number else { return }
        json.name(name)
        json.object { json in
            json.field("kind", number.kind.rawValue)
            json.field("e164", number.e164)
            json.field("raw", number.raw)
        }
    }

    /// Writes who is involved.
    ///
    /// An empty list says that sipgate named nobody, so it is left out where sipgate never names anybody.
    private func write(_ users: CallUsers, isTold: Bool, _ json: inout JSONWriter) {
        if isTold || !users.users.isEmpty {
            json.name("users")
            json.array { json in
                for user in users.users {
                    json.object { json in
                        json.field("name", user.name)
                        json.field("id", user.id)
                        json.field("fullId", user.fullId)
                    }
                }
            }
        }
        write("userIds", users.unpairedIds, &json)
        write("fullUserIds", users.unpairedFullIds, &json)
        if isTold || !users.users.isEmpty { json.field("voicemail", users.includeVoicemail) }
    }

    private func write(_ name: StaticString, _ ids: [String], _ json: inout JSONWriter) {
        guard !ids.isEmpty else { return }
        json.name(name)
        json.array { json in
            for id in ids { json.string(id) }
        }
    }

    /// The fields that have no place of their own: unknown ones, and a cause or keys on an event that has none.
    private func extra(of push: Push) -> [(name: String, value: String)] {
        var extra = push.extra
        if push.event != .hangup, let cause = push.cause { extra.append(("cause", cause.text)) }
        if push.event != .dtmf, let digits = push.digits { extra.append(("dtmf", digits.text)) }
        return extra
    }

    /// Writes the fields, each name once with all its values in order.
    private func write(_ extra: [(name: String, value: String)], _ json: inout JSONWriter) {
        guard !extra.isEmpty else { return }
        // By bytes: to ==, a letter and its decomposed form are one, but as names of JSON members they are two.
        let order = extra.indices.sorted { left, right in
            let (a, b) = (extra[left].name.utf8, extra[right].name.utf8)
            return a.elementsEqual(b) ? left < right : a.lexicographicallyPrecedes(b)
        }
        json.name("extra")
        json.object { json in
            var position = 0
            while position < order.count {
                let name = extra[order[position]].name
                json.name(escaping: name)
                json.array { json in
                    while position < order.count, extra[order[position]].name.utf8.elementsEqual(name.utf8) {
                        json.string(extra[order[position]].value)
                        position += 1
                    }
                }
            }
        }
    }
}
