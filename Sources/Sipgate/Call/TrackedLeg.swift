import Webhooks

/// What is known about one leg of a call.
///
/// Belongs to one `CallTracker`, which is the only one to change it.
final class TrackedLeg {
    /// The pushes that come once for each leg.
    struct Pushes: OptionSet, Sendable {
        let rawValue: UInt8
        static let newCall = Pushes(rawValue: 1)
        static let answer = Pushes(rawValue: 2)
        static let hangup = Pushes(rawValue: 4)
    }

    /// People kept of one push: the largest group seen has 120, and a body of 64 KiB could name thousands.
    static let maxUsers = 128

    let id: String
    /// The call it belongs to.
    var call: TrackedCall
    /// When the first push of it arrived, whichever that was.
    let firstSeen: Timestamp
    /// When the last one did.
    var lastSeen: Timestamp
    var seen: Pushes = []
    var originalLeg: String?
    var correlation: String?
    var direction: Direction?
    var from: PhoneNumber?
    var to: PhoneNumber?
    var diversion: String?
    /// Whom it rings for, or who calls.
    var users: [CallUser] = []
    /// Who picked up.
    var answerers: [CallUser] = []
    /// Whether its user is the mailbox.
    var isVoicemail = false
    /// When it was picked up.
    var answered: Timestamp?
    /// When it ended.
    var ended: Timestamp?
    /// Why, in sipgate's words.
    var cause: String?
    /// Whether its end was not pushed but given up for.
    var isAssumed = false
    /// How often keys were collected.
    var gathers = 0
    /// Whether our reply turned the caller away.
    var isRefused = false
    /// How it came to its call; nil for the one that began it.
    var join: CallConfidence?
    /// Whether a leg that came after it was found by numbers alone.
    var hasKin = false
    /// Whether its transfer or forward was told.
    var isAnnounced = false
    /// Where the index of kinship holds it.
    var kinKeys = KinKeys()

    init(_ id: String, call: TrackedCall, at now: Timestamp) {
        self.id = id
        self.call = call
        firstSeen = now
        lastSeen = now
    }

    /// Takes over what a push tells; what is known already stays.
    ///
    /// - Parameters:
    ///   - push: The push.
    ///   - now: When it arrived.
    /// - Returns: Whether the leg may be kin of others than before: its numbers became known, or it was forwarded.
    func absorb(_ push: CallObservation, at now: Timestamp) -> Bool {
        lastSeen = now
        let isNumbered =
            direction != nil && from != nil && from?.kind != .empty && to != nil
            && (diversion != nil || push.diversion == nil)
        originalLeg = originalLeg ?? push.originalLeg
        correlation = correlation ?? push.correlation
        direction = direction ?? push.direction
        // An empty number is nothing once a better one is known.
        if from == nil || from?.kind == .empty { from = push.from ?? from }
        to = to ?? push.to
        diversion = diversion ?? push.diversion
        if push.isVoicemail { isVoicemail = true }
        switch push.event {
        case .newCall:
            seen.insert(.newCall)
            if users.isEmpty { users = Array(push.users.prefix(TrackedLeg.maxUsers)) }
        case .answer:
            if !seen.contains(.answer) {
                answered = now
                answerers = Array(push.users.prefix(TrackedLeg.maxUsers))
            }
            seen.insert(.answer)
        case .hangup:
            // The first end counts, and a real one more than one that was assumed.
            if !seen.contains(.hangup) {
                ended = now
                isAssumed = false
                cause = push.cause
            }
            seen.insert(.hangup)
        case .dtmf:
            gathers += 1
        }
        return !isNumbered || wasForwarded || isVoicemail
    }

    /// Whether somebody, or a mailbox, picked up.
    ///
    /// An answer may be lost, but only a connected leg ends normally, unless a menu or a reply of ours ended it.
    var wasAnswered: Bool {
        seen.contains(.answer) || cause == "normalClearing" && gathers == 0 && !isRefused
    }

    /// Whether the conversation goes on in another leg.
    var wasForwarded: Bool { cause == "forwarded" }

    /// From its start to the answer, or to the end without one; nil where a moment is not known.
    var ringMilliseconds: Int64? {
        guard seen.contains(.newCall), !isAssumed || answered != nil else { return nil }
        return TrackedLeg.span(from: firstSeen, to: answered ?? (wasAnswered ? nil : ended))
    }

    /// From the answer to the end; nil where a moment is not known.
    var talkMilliseconds: Int64? {
        isAssumed ? nil : TrackedLeg.span(from: answered, to: ended)
    }

    /// The time between two moments; nil when one is missing or they came the wrong way round.
    static func span(from start: Timestamp?, to end: Timestamp?) -> Int64? {
        guard let start, let end, end >= start else { return nil }
        return end.milliseconds - start.milliseconds
    }
}

@available(*, unavailable)
extension TrackedLeg: Sendable {}
