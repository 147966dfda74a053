/// What a backend, a rule or a fallback wants to happen to a call.
///
/// Everything in it is in the form and the range that sipgate takes; `verify(in:)` adds what depends on the call.
package struct CallDecision: Sendable, Equatable {
    /// What to do, in order; none: the call goes on as if nobody had been asked.
    package let actions: [CallAction]

    /// The call goes on.
    package static let proceed = CallDecision(actions: [])

    init(actions: [CallAction]) {
        self.actions = actions
    }

    /// Whether sipgate will push the keys that the caller presses.
    package var gathers: Bool {
        actions.contains { action in
            if case .gather = action { true } else { false }
        }
    }

    /// Whether the caller is turned away.
    var refuses: Bool {
        switch actions.last {
        case .reject, .hangup: true
        default: false
        }
    }
}

/// One step of a decision.
package enum CallAction: Sendable, Equatable {
    /// Plays a file, then goes on with the next step.
    case play(AudioURL)
    /// Sends the call elsewhere.
    case dial(Dial)
    /// Collects keys and asks again.
    case gather(Gather)
    /// Refuses the call; without a reason sipgate takes `rejected`.
    case reject(RejectReason?)
    /// Ends the call.
    case hangup

    /// Where a call is sent.
    package struct Dial: Sendable, Equatable {
        /// Who gets the call.
        package enum Target: Sendable, Equatable {
            /// One to five numbers, which ring at the same time.
            case numbers([DialNumber])
            /// The mailbox.
            case voicemail
        }

        /// Who gets the call.
        package let target: Target
        /// The number shown to the called; nil: as the account is set.
        package let callerID: DialNumber?
        /// Whether the number is withheld; nil: as the account is set.
        package let isAnonymous: Bool?
    }

    /// How keys are collected.
    package struct Gather: Sendable, Equatable {
        /// Keys at most; nil: one.
        package let maxDigits: Int?
        /// How long is waited for the next key; nil: two seconds.
        package let timeoutMilliseconds: Int?
        /// What is played meanwhile; the first key stops it.
        package let play: AudioURL?
    }

    /// What a refused caller hears.
    package enum RejectReason: String, Sendable, CaseIterable {
        case rejected
        case busy
    }

    /// Whether steps after this one are never carried out.
    var isLast: Bool {
        if case .play = self { false } else { true }
    }

    /// The word for it in JSON.
    var verb: String {
        switch self {
        case .play: "play"
        case .dial: "dial"
        case .gather: "gather"
        case .reject: "reject"
        case .hangup: "hangup"
        }
    }
}
