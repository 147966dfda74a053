package import NIOCore
package import OpenSSL
package import Sipgate
package import Webhooks

/// What a route does with calls, beyond taking their events in.
package struct CallsConfiguration: Sendable {
    /// Who decides about calls before they are answered.
    package struct Decide: Sendable {
        /// The destination's name.
        package var destination: String
        /// Where questions go at that destination, path and query.
        package var path: String
        /// From the first byte of a push to the last of its reply.
        package var deadline: TimeAmount = .milliseconds(1500)
        /// Whether it is asked about calls that begin.
        package var asksOnCalls = true
        /// Whether it is asked about keys that were pressed.
        package var asksOnDigits = true
        /// What happens when nobody else decides.
        package var fallback = CallDecision.proceed
    }

    /// Nil: nobody is asked.
    package var decide: Decide?
    /// What is decided without asking anybody.
    package var rules = CallRules([])
    /// The names of the rules, in order.
    package var ruleNames: [String] = []
    /// How often keys are collected in one call.
    package var gatherLimit = 10
    /// What proves that a push to a follow-up address is the provider's.
    package var followUps = FollowUpPolicy.either
    /// What a signature is for.
    package var signatureMode = SignatureCheck.Mode.ignore
    /// Whose signatures count.
    package var signatureKeys: [SignatureKey] = []
    /// Whose calls are taken; nil: anybody's.
    package var account: AccountCheck?
    /// How long a push is known again; nil: nobody looks.
    package var replayWindow: TimeAmount?
    /// Whether legs are joined into calls.
    package var tracks = true
    /// Which events are derived from calls.
    package var derives = Set(DerivedEvent.Kind.allCases)
}
