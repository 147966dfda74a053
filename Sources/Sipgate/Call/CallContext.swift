import NIOCore
import Webhooks

/// What call tracking makes of a push.
package struct TrackedPush: Sendable {
    /// What belongs into its event.
    package let context: CallContext
    /// The events that follow from it, and from the time that has passed; to be kept together with it, after it.
    package let derived: [DerivedEvent]
}

/// What the event of a push gains from the call it belongs to.
///
/// Only what the push does not say itself is added to its data.
package struct CallContext: Sendable {
    /// The name of the call.
    package let call: String
    /// Why the legs of the call so far are taken for one.
    package let confidence: CallConfidence
    /// The finished call that this one goes on with.
    package let continues: String?
    /// Whether the start of the leg is not known.
    package let isPartial: Bool
    /// Whether it came after the end of its leg or call, and changes nothing.
    package let isLate: Bool
    /// Whether the leg had this push before.
    package let isDuplicate: Bool

    /// Which way the call goes, where the push does not say.
    private(set) var direction: Direction?
    private var correlation: String?
    private var from: PhoneNumber?
    private var to: PhoneNumber?
    private var users: [CallUser]?
    private var ringMilliseconds: Int64?
    private var talkMilliseconds: Int64?

    init(of push: CallObservation, leg: TrackedLeg, isLate: Bool, isDuplicate: Bool) {
        call = leg.call.id
        confidence = leg.call.confidence
        continues = leg.call.continues
        isPartial = !leg.seen.contains(.newCall)
        self.isLate = isLate
        self.isDuplicate = isDuplicate
        if push.direction == nil { direction = leg.direction }
        if push.correlation == nil { correlation = leg.correlation }
        if push.from == nil { from = leg.from }
        if push.to == nil { to = leg.to }
        switch push.event {
        case .newCall:
            break
        case .answer:
            ringMilliseconds = leg.ringMilliseconds
        case .hangup:
            ringMilliseconds = leg.ringMilliseconds
            talkMilliseconds = leg.talkMilliseconds
            users = CallContext.people(of: leg, unlessIn: push)
        case .dtmf:
            users = CallContext.people(of: leg, unlessIn: push)
        }
    }

    /// Those who answered, or else those for whom it rang.
    private static func people(of leg: TrackedLeg, unlessIn push: CallObservation) -> [CallUser]? {
        let people = leg.answerers.isEmpty ? leg.users : leg.answerers
        return push.users.isEmpty && !people.isEmpty ? people : nil
    }

    /// Writes what the push does not say, as members of the data of its event.
    func write(to json: inout JSONWriter) {
        json.field("call", call)
        json.field("confidence", confidence.rawValue)
        json.field("continues", continues)
        if isPartial { json.field("partial", true) }
        if isLate { json.field("late", true) }
        if isDuplicate { json.field("duplicate", true) }
        json.field("direction", direction?.rawValue)
        json.field("correlation", correlation)
        json.write("from", from)
        json.write("to", to)
        if let users {
            json.write("users", users)
            json.field("voicemail", users.contains { $0.name == "voicemail" })
        }
        json.field("ringMilliseconds", ringMilliseconds)
        json.field("talkMilliseconds", talkMilliseconds)
    }
}

extension JSONWriter {
    /// Writes a member with a whole number, unless there is none.
    mutating func field(_ name: StaticString, _ number: Int64?) {
        if let number { field(name, Int(number)) }
    }

    /// Writes a member with a telephone number, unless there is none.
    mutating func write(_ name: StaticString, _ number: PhoneNumber?) {
        guard let number else { return }
        self.name(name)
        object { json in
            json.field("kind", number.kind.rawValue)
            json.field("e164", number.e164)
            json.field("raw", number.raw)
        }
    }

    /// Writes a member with people.
    mutating func write(_ name: StaticString, _ users: [CallUser]) {
        self.name(name)
        array { json in
            for user in users {
                json.object { json in
                    json.field("name", user.name)
                    json.field("id", user.id)
                    json.field("fullId", user.fullId)
                }
            }
        }
    }
}
