/// The types of this provider's events, by what they come from.
package enum CallEventTypes {
    /// The names of those that are pushes, one for one.
    package static let pushed: Set<String> = ["call.started", "call.answered", "call.ended", "call.digits"]
}
