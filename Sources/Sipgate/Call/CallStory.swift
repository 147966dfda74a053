import Webhooks

/// A call with all its legs, and what they mean together.
struct CallStory {
    /// How a call came out.
    enum Outcome: String {
        /// A person answered.
        case answered
        /// The mailbox answered, and no person.
        case voicemail
        /// An incoming call that nobody answered.
        case missed
        /// An outgoing call that nobody answered.
        case unanswered
        /// It went on outside of what the gateway sees.
        case forwarded
        /// A reply of ours turned the caller away.
        case refused
        /// Too much was lost, or only a menu was reached.
        case unknown
    }

    let call: TrackedCall
    /// In order of appearance; at least one.
    let legs: [TrackedLeg]
    private let oldest: TrackedLeg

    /// The story of a call as it stands; nil for one without legs, which there is none.
    init?(_ call: TrackedCall) {
        guard let oldest = call.legs.first else { return nil }
        self.call = call
        legs = call.legs
        self.oldest = oldest
    }

    /// The leg that another came from: the one it was diverted from, or else the one it names.
    ///
    /// Rests on what pushes say and not on when they came, which their order on the way may have changed.
    func predecessor(of leg: TrackedLeg) -> TrackedLeg? {
        guard leg.direction != .outgoing else { return nil }
        let others = legs.filter { $0 !== leg && $0.direction != .outgoing && !$0.isVoicemail }
        if let diversion = leg.diversion.flatMap(PhoneIdentity.init) {
            let diverted = others.filter { other in
                other.to.flatMap { PhoneIdentity($0.raw) }?.isSame(as: diversion) == true
            }
            if let latest = diverted.max(by: { ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id) }) { return latest }
        }
        return leg.originalLeg.flatMap { original in others.first { $0.id == original } }
    }

    /// Whether another leg came from this one.
    func hasSuccessor(_ leg: TrackedLeg) -> Bool {
        legs.contains { predecessor(of: $0) === leg }
    }

    /// Which way it goes: a call that somebody began here is outgoing, whatever legs it has beside.
    var direction: Direction? {
        if legs.contains(where: { $0.direction == .outgoing }) { return .outgoing }
        return legs.contains { $0.direction == .incoming } ? .incoming : nil
    }

    /// The leg that began it: one that came from no other, or else the first that was seen.
    var first: TrackedLeg {
        let main = legs.filter { $0.direction == direction }
        return main.first { predecessor(of: $0) == nil && !$0.isVoicemail } ?? main.first ?? oldest
    }

    /// The leg that ended last.
    var last: TrackedLeg {
        legs.max { ($0.ended ?? $0.lastSeen) < ($1.ended ?? $1.lastSeen) } ?? oldest
    }

    /// Legs on which a person was spoken to.
    ///
    /// Of an outgoing call only outgoing ones: another is the own telephone of the one who calls.
    var connected: [TrackedLeg] {
        legs.filter { !$0.isVoicemail && $0.wasAnswered && (direction != .outgoing || $0.direction == .outgoing) }
    }

    /// How it came out.
    var outcome: Outcome {
        if !connected.isEmpty { return .answered }
        if legs.contains(where: { $0.isVoicemail && $0.wasAnswered }) { return .voicemail }
        if legs.contains(where: \.isRefused) { return .refused }
        if legs.contains(where: { $0.wasForwarded && !hasSuccessor($0) }) { return .forwarded }
        // An answer may have been lost on the way through a menu.
        if legs.contains(where: { $0.gathers > 0 && $0.cause == "normalClearing" }) { return .unknown }
        return switch direction {
        case .incoming: .missed
        case .outgoing: .unanswered
        case nil: .unknown
        }
    }

    /// Whether the start of a leg was lost.
    var isPartial: Bool { legs.contains { !$0.seen.contains(.newCall) } }
    /// Whether the end of a leg was lost.
    var isAssumed: Bool { legs.contains(where: \.isAssumed) }

    /// When the first push arrived.
    var started: Timestamp? { legs.map(\.firstSeen).min() }
    /// When the first person answered.
    var answered: Timestamp? { connected.compactMap(\.answered).min() }
    /// When the last leg ended.
    var ended: Timestamp? { legs.compactMap(\.ended).max() }

    /// Everybody for whom it rang, the mailbox excepted, each once.
    var called: [CallUser] { CallStory.each(legs.filter { !$0.isVoicemail }.flatMap(\.users)) }
    /// Everybody who answered, each once.
    var answerers: [CallUser] { CallStory.each(connected.flatMap(\.answerers)) }

    private static func each(_ users: [CallUser]) -> [CallUser] {
        var each: [CallUser] = []
        for user in users where !each.contains(user) { each.append(user) }
        return each
    }
}
