/// What sipgate sent, decoded and valid, and not yet changed.
struct Push: Sendable {
    /// What happened.
    let event: PushEvent
    /// `callId`.
    let leg: LegID
    /// `origCallId`; its meaning varied: absent, the leg itself, or the first leg of a transfer.
    let originalLeg: LegID?
    /// `xcid`: undocumented, and the best key for what belongs to one conversation.
    let correlation: String?
    /// `direction`; always there on `newCall`.
    let direction: Direction?
    /// `from`; always there on `newCall`, perhaps empty.
    let from: PhoneNumber?
    /// `to`; always there on `newCall`, never empty.
    let to: PhoneNumber?
    /// `diversion`: the number that was dialled first; opaque.
    let diversion: String?
    /// `answeringNumber`: which of several targets picked up; opaque.
    let answeringNumber: String?
    /// `user[]`, `userId[]`, `fullUserId[]`, and the same without brackets.
    let users: CallUsers
    /// `cause`.
    let cause: HangupCause?
    /// `dtmf`; nil when the key was not sent.
    let digits: KeyPresses?
    /// Fields that are not known, in order, with duplicates.
    let extra: [(name: String, value: String)]
}
