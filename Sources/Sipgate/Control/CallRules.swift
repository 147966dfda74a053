import Webhooks

/// What rules look at in a call.
package struct CallFacts: Sendable {
    let direction: Direction?
    let from: PhoneNumber?
    let to: PhoneNumber?
    let time: Timestamp

    init(direction: Direction?, from: PhoneNumber?, to: PhoneNumber?, time: Timestamp) {
        self.direction = direction
        self.from = from
        self.to = to
        self.time = time
    }

    /// The facts of a push.
    init(_ push: Push, at time: Timestamp) {
        self.init(direction: push.direction, from: push.from, to: push.to, time: time)
    }
}

/// Who may call.
package enum CallerCondition: Sendable, Equatable {
    /// Withholds the number.
    case anonymous
    /// Sends none at all, which is something else.
    case unknown
    /// Calls from a number in the list.
    case numbers(NumberList)

    func holds(for caller: PhoneNumber?) -> Bool {
        switch self {
        case .anonymous: caller?.kind == .anonymous
        case .unknown: caller?.kind == .empty
        case .numbers(let list): caller.map(list.contains) ?? false
        }
    }
}

/// A decision that the gateway takes by itself, and when.
///
/// All conditions that are set must hold; a rule without any always applies.
package struct CallRule: Sendable {
    /// What logs and events call it.
    package let name: String
    /// Which way the call goes.
    package var direction: Direction?
    /// Who calls: one of these.
    package var callers: [CallerCondition] = []
    /// Which number is called.
    package var called: NumberList?
    /// When.
    package var hours: WeeklyHours?
    /// What happens then.
    package let decision: CallDecision

    package init(name: String, decision: CallDecision) {
        self.name = name
        self.decision = decision
    }

    /// Whether the rule applies; a fact that is not known makes a condition on it fail.
    package func applies(to call: CallFacts) -> Bool {
        if let direction, call.direction != direction { return false }
        if !callers.isEmpty, !callers.contains(where: { $0.holds(for: call.from) }) { return false }
        if let called, !(call.to.map(called.contains) ?? false) { return false }
        if let hours, !hours.contains(call.time) { return false }
        return true
    }
}

/// Rules in order: the first that applies decides.
package struct CallRules: Sendable {
    private let rules: [CallRule]

    package init(_ rules: [CallRule]) {
        self.rules = rules
    }

    /// Whether there are none.
    package var isEmpty: Bool { rules.isEmpty }

    /// The rule that decides about a call; nil where none applies.
    ///
    /// A rule whose decision cannot be carried out on this call does not apply: an outgoing call has one number.
    package func first(for call: CallFacts, in context: DecisionContext) -> CallRule? {
        rules.first { rule in
            guard rule.applies(to: call) else { return false }
            do {
                try rule.decision.verify(in: context)
                return true
            } catch {
                return false
            }
        }
    }
}
