import OpenSSL
package import Webhooks

/// What a route knows, built again from the events that the journal kept of it.
package struct SipgateRecovery: Sendable {
    private struct Pushed: Hashable {
        let event: PushEvent
        let leg: String
    }

    private var calls: CallTrackerRecovery
    private var window: ReplayWindow?
    private var decisions: [(decision: CallDecision, key: ReplayWindow.Key)] = []
    /// How often keys were collected, by leg.
    private var gathers: [String: Int] = [:]
    /// The latest push of a kind, whose decision follows it.
    private var latest: [Pushed: ReplayWindow.Key] = [:]

    /// A recovery into what knows nothing yet.
    ///
    /// - Parameters:
    ///   - calls: The tracker.
    ///   - window: The window; nil when repetitions are not looked for.
    package init(_ calls: SharedCallTracker, window: ReplayWindow?) {
        self.calls = CallTrackerRecovery(calls)
        self.window = window
    }

    /// Takes in the next event of the journal.
    package mutating func replay(_ event: Event) {
        calls.replay(event)
        if window != nil { remember(event) }
    }

    /// Ends the recovery.
    ///
    /// - Parameter now: The present.
    /// - Returns: The calls, the window, and the events that the journal lacks, in order.
    package consuming func finish(
        at now: Timestamp
    ) -> (calls: SharedCallTracker, replays: SharedReplayWindow?, missing: [DerivedEvent]) {
        let (tracker, missing) = calls.finish(at: now)
        let replays = window.map { SharedReplayWindow($0) }
        for (decision, key) in decisions { replays?.note(decision, for: key) }
        return (tracker, replays, missing)
    }

    private mutating func remember(_ event: Event) {
        if event.draft.type == DecisionRecord.type {
            if let record = DecisionRecord.Kept(event.draft.data),
                let key = latest[Pushed(event: record.event, leg: record.leg)]
            {
                decisions.append((record.decision, key))
            }
            return
        }
        guard
            let pushed = PushEvent(eventType: event.draft.type.name),
            let tree = try? JSONReader.read(event.draft.data, limits: CallObservation.limits),
            let leg = tree["leg"]?.text
        else { return }
        let gather = gathers[leg, default: 0]
        if pushed == .dtmf { gathers[leg] = gather + 1 }
        if pushed == .hangup { gathers[leg] = nil }
        guard let digest = tree["contentSHA256"]?.text.flatMap({ Digest(hexadecimal: $0) }) else { return }
        let key = ReplayWindow.Key(event: pushed, leg: leg, body: digest, gather: pushed == .dtmf ? gather : nil)
        _ = window?.admit(key, at: event.time)
        latest[Pushed(event: pushed, leg: leg)] = key
        if pushed == .hangup { latest[Pushed(event: .newCall, leg: leg)] = nil }
    }
}

extension PushEvent {
    /// The push that makes events of a type; nil for types that no push makes.
    init?(eventType: String) {
        switch eventType {
        case "call.started": self = .newCall
        case "call.answered": self = .answer
        case "call.ended": self = .hangup
        case "call.digits": self = .dtmf
        default: return nil
        }
    }
}
