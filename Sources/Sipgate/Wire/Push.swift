/// What sipgate posted, valid and typed: one moment of one leg of a call.
struct Push: Sendable {
    /// The wire names are sipgate's, exact and camelCase.
    enum Kind: String, Sendable, CaseIterable {
        case newCall
        case answer
        case hangup
        case dtmf
    }

    /// The side of the account that the call is on.
    enum Direction: String, Sendable {
        case incoming = "in"
        case outgoing = "out"
    }

    /// What happened.
    var kind: Kind
    /// `callId`: one leg, not one conversation. Opaque, up to 512 bytes of visible ASCII.
    var leg: String
    /// `origCallId`, when not empty. May be the leg itself.
    var originalLeg: String?
    /// `xcid`, the best key for a conversation, undocumented.
    var correlation: String?
    var direction: Direction?
    var from: PhoneNumber?
    var to: PhoneNumber?
    /// The number dialled first; opaque text.
    var diversion: String?
    /// Which of several dialled numbers picked up; opaque text.
    var answeringNumber: String?
    /// Nil on dtmf, which never names anybody.
    var users: [CallUser]?
    /// Ids as received, for when they could not be paired with names.
    var userIDs: [String] = []
    var fullUserIDs: [String] = []
    var cause: HangupCause?
    /// Keys pressed, as text: leading zeros matter. Empty when nothing was pressed, `-1` when the caller hung up.
    var digits: String?
    /// Fields that this version does not know, in order of their first appearance.
    var extra: [(key: String, values: [String])] = []

    /// A leg that ends in the mailbox has exactly this user.
    var isVoicemail: Bool { users?.contains { $0.name == "voicemail" } ?? false }

}
