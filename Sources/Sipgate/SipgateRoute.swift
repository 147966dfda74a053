import Webhooks

/// What a route knows and wants of sipgate's pushes, for all of its event loops.
package struct SipgateRoute: Sendable {
    /// What is asked for before a push is answered.
    package struct Inquiry: Sendable {
        /// The name of the destination that is asked.
        package var destination: String
        /// Whether it is asked about calls that begin.
        package var asksOnCalls = true
        /// Whether it is asked about keys that were pressed.
        package var asksOnDigits = true
        /// What happens when it does not decide, and no rule does.
        package var fallback = CallDecision.proceed

        package init(destination: String) {
            self.destination = destination
        }
    }

    /// What is known of calls; nil: every push stands alone.
    package let calls: SharedCallTracker?
    /// What is decided without asking anybody.
    package let rules: RuleBook
    /// Who is asked; nil: nobody.
    package var inquiry: Inquiry?
    /// How often keys are collected in one call.
    package var gatherLimit = 10
    /// Who has to have signed a push.
    package var signature = SignatureCheck(mode: .ignore, keys: [])
    /// Whose calls are taken.
    package var account: AccountCheck?
    /// Which pushes were there of late; nil: nobody looks.
    package var replays: SharedReplayWindow?

    package init(calls: SharedCallTracker? = SharedCallTracker(), rules: RuleBook = RuleBook()) {
        self.calls = calls
        self.rules = rules
    }

    /// Whether a destination is asked about a push.
    func asks(on event: PushEvent) -> Bool {
        guard let inquiry else { return false }
        return switch event {
        case .newCall: inquiry.asksOnCalls
        case .dtmf: inquiry.asksOnDigits
        case .answer, .hangup: false
        }
    }
}
