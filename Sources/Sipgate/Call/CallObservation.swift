import Webhooks

/// What call tracking reads of a push.
struct CallObservation: Sendable, Equatable {
    let event: PushEvent
    let leg: String
    var originalLeg: String?
    var correlation: String?
    var direction: Direction?
    var from: PhoneNumber?
    var to: PhoneNumber?
    var diversion: String?
    var users: [CallUser] = []
    var cause: String?

    init(event: PushEvent, leg: String) {
        self.event = event
        self.leg = leg
    }

    init(_ push: Push) {
        event = push.event
        leg = push.leg.text
        // On a first leg, sipgate repeats its own id.
        originalLeg = push.originalLeg == push.leg ? nil : push.originalLeg?.text
        correlation = push.correlation
        direction = push.direction
        from = push.from
        to = push.to
        diversion = push.diversion
        users = push.users.users
        cause = push.event == .hangup ? push.cause?.text : nil
    }

    /// Whether one of the users is the mailbox.
    var isVoicemail: Bool { users.contains { $0.name == "voicemail" } }
}
