package import NIOCore
package import Webhooks

/// What a route would decide about pushes that were there already, without asking anybody.
///
/// Takes the events of the route in their order. Whoever would be asked is taken to say what it said then.
package struct Rehearsal {
    /// How a reply comes about.
    package enum Verdict: Sendable, Equatable {
        /// Nobody has a say: the call goes on.
        case nobody
        /// A rule of this name decides.
        case rule(String, CallDecision)
        /// A destination is asked; should it not decide, the other verdict stands.
        indirect case asked(String, otherwise: Verdict)
        /// What is configured for when nobody else decides.
        case fallback(CallDecision)
    }

    /// What was decided then.
    package struct Record: Sendable, Equatable {
        /// The push: `newCall` or `dtmf`.
        package let event: String
        /// The leg it was about.
        package let leg: String
        /// `destination`, `rule` or `fallback`.
        package let by: String
        /// The name of the rule.
        package let rule: String?
        /// Who was asked.
        package let asked: String?
        /// Nil: it cannot be read any more, because a number was erased.
        package let decision: CallDecision?

        /// Reads the data of a `call.decided`; nil for anything else.
        package init?(_ data: ByteBuffer) {
            guard let tree = try? JSONReader.read(data, limits: CallObservation.limits),
                let event = tree["event"]?.text, let leg = tree["leg"]?.text, let by = tree["by"]?.text
            else { return nil }
            self.event = event
            self.leg = leg
            self.by = by
            rule = tree["rule"]?.text
            asked = tree["asked"]?.text
            decision = DecisionRecord.Kept(data)?.decision
        }
    }

    private let route: SipgateRoute
    private let calls: SharedCallTracker?

    /// - Parameter route: The rules, who is asked, and the bounds; its calls are not touched.
    package init(_ route: SipgateRoute) {
        self.route = route
        calls = route.calls == nil ? nil : SharedCallTracker()
    }

    /// Takes in a push.
    ///
    /// - Parameters:
    ///   - type: The name of its event's type.
    ///   - data: The data of its event.
    ///   - time: When it arrived.
    /// - Returns: Which push it was and what would be decided; nil for pushes and events that nobody decides about.
    package func push(
        type: String,
        data: ByteBuffer,
        at time: Timestamp
    ) -> (event: String, leg: String, verdict: Verdict)? {
        guard let push = CallObservation(type: type, data: data) else { return nil }
        _ = calls?.observe(push, at: time)
        guard push.event == .newCall || push.event == .dtmf else { return nil }
        return (push.event.rawValue, push.leg, verdict(push, at: time))
    }

    /// Takes in what was decided then.
    package func note(_ record: Record) {
        if let decision = record.decision { calls?.note(decision, on: record.leg) }
    }

    private func verdict(_ push: CallObservation, at time: Timestamp) -> Verdict {
        let context =
            calls?.decisionContext(of: push.leg, gatherLimit: route.gatherLimit)
            ?? DecisionContext(direction: push.direction, gatherLimit: route.gatherLimit)
        let rules = push.event == .newCall ? route.rules.current : CallRules([])
        let facts = CallFacts(direction: push.direction, from: push.from, to: push.to, time: time)
        let rule = rules.first(for: facts, in: context).map { Verdict.rule($0.name, $0.decision) }
        guard route.asks(on: push.event), let inquiry = route.inquiry else { return rule ?? .nobody }
        let isPossible = (try? inquiry.fallback.verify(in: context)) != nil
        return .asked(
            inquiry.destination,
            otherwise: rule ?? .fallback(isPossible ? inquiry.fallback : .proceed)
        )
    }

    /// The reply that carries a decision out, with addresses that say what they are for and hold no token.
    package static func reply(_ decision: CallDecision, at address: String) -> String {
        let addresses = FollowUpAddresses(
            onAnswer: "\(address)/answer/-",
            onHangup: "\(address)/hangup/-",
            onData: "\(address)/dtmf/-"
        )
        return String(buffer: DecisionXML.write(decision, followUps: addresses))
            .split(separator: "\n").last.map(String.init) ?? ""
    }
}

extension Rehearsal.Verdict {
    /// What a verdict comes to beside what was decided then.
    package enum Comparison: Sendable, Equatable {
        case same
        /// Another one decides, and the reply is the same.
        case decider(CallDecision)
        /// Another reply; nil: whoever is asked now was not asked then, and nobody knows what it would say.
        case reply(CallDecision?)
    }

    /// Compares with what was decided then; nil: nobody had a say.
    package func compared(to record: Rehearsal.Record?) -> Comparison {
        switch self {
        case .nobody:
            guard let record else { return .same }
            return record.decision == .proceed ? .decider(.proceed) : .reply(.proceed)
        case .rule(let name, let decision):
            if record?.by == "rule", record?.rule == name {
                return record?.decision == decision ? .same : .reply(decision)
            }
            return (record?.decision ?? .proceed) == decision ? .decider(decision) : .reply(decision)
        case .fallback(let decision):
            if record?.by == "fallback" { return record?.decision == decision ? .same : .reply(decision) }
            return (record?.decision ?? .proceed) == decision ? .decider(decision) : .reply(decision)
        case .asked(let name, let otherwise):
            guard let record, record.asked == name else { return .reply(nil) }
            return record.by == "destination" ? .same : otherwise.compared(to: record)
        }
    }

    /// In words.
    package var words: String {
        switch self {
        case .nobody: "nobody decides"
        case .rule(let name, _): "the rule `\(name)` decides"
        case .fallback: "the fallback decides"
        case .asked(let name, let otherwise): "\(name) is asked, else \(otherwise.words)"
        }
    }
}

extension Rehearsal.Record {
    /// In words.
    package var words: String {
        let problem = asked.map { by == "destination" ? "" : ", for \($0) did not" } ?? ""
        return switch by {
        case "destination": "\(asked ?? "a destination") decided"
        case "rule": "the rule `\(rule ?? "?")` decided\(problem)"
        default: "the fallback decided\(problem)"
        }
    }
}
