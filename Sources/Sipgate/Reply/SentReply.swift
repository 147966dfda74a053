import NIOCore
package import Webhooks

/// The reply that an accepted push got, made again from the events that are kept of it: the same code writes it, and
/// the tokens of follow-up addresses are left out.
package enum SentReply {
    /// How it was decided what becomes of the call.
    package struct Decided: Sendable {
        /// `destination`, `rule` or `fallback`.
        package let by: String
        /// The name of the rule.
        package let rule: String?
        /// Who was asked; nil: nobody.
        package let asked: String?
        /// Why the one who was asked did not decide.
        package let problem: String?
    }

    /// The XML.
    ///
    /// - Parameter events: those of one request.
    /// - Returns: nil when none of the events came with a push.
    package static func xml(_ events: [Event]) -> String? {
        guard let pushed = events.first(where: { PushEvent(eventType: $0.draft.type.name) != nil }),
            let event = PushEvent(eventType: pushed.draft.type.name),
            let provider = try? SipgateProvider(publicURL: pushed.source, routePath: "/", followUpKey: [0])
        else { return nil }
        let kept = events.first { $0.draft.type == DecisionRecord.type }.flatMap { DecisionRecord.Kept($0.draft.data) }
        let leg = pushed.draft.subject
        let reply = provider.reply(to: event, of: leg, kept?.decision ?? .proceed)
        return provider.tokens(of: leg).reduce(String(buffer: reply.body)) { $0.replacing($1, with: "…") }
    }

    /// How a decision came about.
    ///
    /// - Parameter events: those of one request.
    /// - Returns: nil when there was none to take.
    package static func decided(_ events: [Event]) -> (event: Event, how: Decided)? {
        guard let event = events.first(where: { $0.draft.type == DecisionRecord.type }),
            let tree = try? JSONReader.read(event.draft.data, limits: CallObservation.limits),
            let by = tree["by"]?.text
        else { return nil }
        let how = Decided(
            by: by,
            rule: tree["rule"]?.text,
            asked: tree["asked"]?.text,
            problem: tree["problem"]?.text
        )
        return (event, how)
    }

    /// What was found about the signature of a push, in a word.
    ///
    /// - Parameter event: one that came with a push.
    /// - Returns: nil when nobody looked.
    package static func signature(_ event: Event) -> String? {
        (try? JSONReader.read(event.draft.data, limits: CallObservation.limits))?["signature"]?.text
    }
}
