/// The rules of a route: a call is decided by one set of them.
package final class RuleBook: Sendable {
    /// The rules.
    let current: CallRules

    package init(_ rules: CallRules = CallRules([])) {
        current = rules
    }
}
