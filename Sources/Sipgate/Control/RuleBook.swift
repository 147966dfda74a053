import Synchronization

/// The rules of a route, which may be replaced while calls come in.
package final class RuleBook: Sendable {
    private let rules: Mutex<CallRules>

    package init(_ rules: CallRules = CallRules([])) {
        self.rules = Mutex(rules)
    }

    /// The rules that are in force: a call is decided by one set of them.
    var current: CallRules { rules.withLock { $0 } }

    /// Puts others in their place.
    package func replace(by other: CallRules) {
        rules.withLock { $0 = other }
    }
}
