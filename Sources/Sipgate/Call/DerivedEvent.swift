import NIOCore
package import Webhooks

/// An event that no push brought: what several together mean for a call.
package struct DerivedEvent: Sendable {
    /// What happened; the raw value is the name of its type.
    package enum Kind: String, Sendable, CaseIterable {
        /// Somebody has taken over an answered call.
        case transferred = "call.transferred"
        /// A call goes on elsewhere without having been answered.
        case forwarded = "call.forwarded"
        /// The mailbox has picked up.
        case voicemail = "call.voicemail"
        /// An incoming call is over, and neither a person nor the mailbox has answered.
        case missed = "call.missed"
        /// A call is over: its whole story, once.
        case completed = "call.completed"
    }

    /// What happened.
    package let kind: Kind
    /// The name of the call.
    package let call: String
    /// The leg it is told of.
    package let leg: String
    /// When it happened: the moment of a push, or one that nothing happened at.
    package let time: Timestamp
    /// The event; its subject is the leg, so that it stays behind the events of that leg.
    package let draft: EventDraft

    init(
        _ kind: Kind,
        of story: CallStory,
        on leg: TrackedLeg,
        at time: Timestamp,
        _ body: (inout JSONWriter) -> Void
    ) {
        self.kind = kind
        call = story.call.id
        self.leg = leg.id
        self.time = time
        var data = ByteBuffer()
        data.writeJSON(capacity: 768) { json in
            json.object { json in
                json.field("leg", leg.id)
                json.field("call", story.call.id)
                json.field("confidence", story.call.confidence.rawValue)
                json.field("continues", story.call.continues)
                body(&json)
            }
        }
        draft = EventDraft(
            type: EventType(namespace: "io.sipgate", name: kind.rawValue),
            subject: leg.id,
            data: data,
            direction: story.direction?.rawValue,
            time: time
        )
    }
}
