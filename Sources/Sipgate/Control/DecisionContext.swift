/// What of a call decides whether a decision may be carried out on it.
package struct DecisionContext: Sendable {
    /// Which way the call goes; nil where it is not known, as for keys of a call whose start was lost.
    package var direction: Direction?
    /// How often keys were collected in the call so far.
    package var gathers: Int
    /// How often they may be: nothing at sipgate stops a menu that leads to itself.
    package var gatherLimit: Int

    package init(direction: Direction? = nil, gathers: Int = 0, gatherLimit: Int = 10) {
        self.direction = direction
        self.gathers = gathers
        self.gatherLimit = gatherLimit
    }
}

extension CallDecision {
    /// Checks what depends on the call, for decisions of all origins.
    ///
    /// - Parameter context: The call.
    /// - Throws: The place and the rule.
    package func verify(in context: DecisionContext) throws(DecisionProblem) {
        for (index, action) in actions.enumerated() {
            let place = JSONPointer.root.member("actions").element(index).member(action.verb)
            switch action {
            case .dial(let dial):
                // sipgate.io: several targets are for incoming calls only.
                if context.direction == .outgoing, case .numbers(let numbers) = dial.target, numbers.count > 1 {
                    throw DecisionProblem(place.member("to"), "an outgoing call has one number, not \(numbers.count)")
                }
            case .gather:
                if context.gathers >= context.gatherLimit {
                    let (count, limit) = (context.gathers, context.gatherLimit)
                    let rule = "keys were collected \(count) times in this call, and \(limit) is the limit"
                    throw DecisionProblem(place, rule)
                }
            case .play, .reject, .hangup:
                break
            }
        }
    }
}
