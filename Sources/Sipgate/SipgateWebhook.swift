import NIOCore
import OpenSSL
import Webhooks

/// A push on its way: taken into its call, decided about, answered.
final class SipgateWebhook: Webhook {
    private let push: Push
    private let signature: SignatureCheck.Verdict
    private let body: ByteBuffer
    private let provider: SipgateProvider
    /// How the push would be known again; nil where nobody looks.
    private var key: ReplayWindow.Key?
    /// The call it belongs to, and which way that goes.
    private var call: String
    private var direction: Direction?

    init(_ push: Push, signature: SignatureCheck.Verdict, body: ByteBuffer, provider: SipgateProvider) {
        self.push = push
        self.signature = signature
        self.body = body
        self.provider = provider
        call = push.leg.text
        direction = push.direction
    }

    private var route: SipgateRoute { provider.route }

    func isVouchedFor(by followUp: FollowUp) -> Bool {
        provider.isToken(followUp, for: push.event, of: push.leg.text)
    }

    func takeIn(at time: Timestamp) -> Intake {
        let digest = route.replays == nil ? nil : digest()
        if let replays = route.replays, let digest {
            let gather = push.event == .dtmf ? context.gathers : nil
            let key = ReplayWindow.Key(push, body: digest, gather: gather)
            let (isNew, decision) = replays.admit(key, at: time)
            guard isNew else { return .repetition(provider.reply(to: push.event, of: push.leg.text, decision)) }
            self.key = key
        }
        let tracked = route.calls?.observe(CallObservation(push), at: time)
        if let tracked {
            call = tracked.context.call
            direction = push.direction ?? tracked.context.direction
        }
        let draft = provider.normalizer.draft(of: push, direction: direction) { json in
            tracked?.context.write(to: &json)
            json.field("signature", signature.word)
            if let digest { json.field("contentSHA256", digest.description) }
        }
        let asks = route.asks(on: push.event)
        guard let tracked, !tracked.derived.isEmpty else { return .events([draft], asks: asks) }
        return .events([draft] + tracked.derived.map(\.draft), asks: asks)
    }

    /// Of the content as it came; nil should OpenSSL fail, for it is worse to lose a call than to see one twice.
    private func digest() -> Digest? {
        let body = body  // a span of the property would borrow all of self
        do { return try SHA256.digest(of: body.readableBytesUInt8Span) } catch { return nil }
    }

    func withdraw() {
        if let key { route.replays?.withdraw(key) }
    }

    func reply(to answer: InquiryAnswer?, at time: Timestamp) -> (reply: Reply, note: EventDraft?) {
        guard let record = decide(answer, at: time) else {
            return (provider.reply(to: push.event, of: push.leg.text, .proceed), nil)
        }
        route.calls?.note(record.decision, on: push.leg.text)
        if let key { route.replays?.note(record.decision, for: key) }
        let reply = provider.reply(to: push.event, of: push.leg.text, record.decision)
        return (reply, record.draft(direction: direction?.rawValue))
    }

    /// The ladder: who was asked, the rules, the fallback.
    ///
    /// Nil when none of them has a say.
    private func decide(_ answer: InquiryAnswer?, at time: Timestamp) -> DecisionRecord? {
        let rules = push.event == .newCall ? route.rules.current : CallRules([])
        guard answer != nil || !rules.isEmpty else { return nil }
        let context = context
        var problem: String?
        switch answer {
        case .content(let document):
            do {
                return record(.destination, try DecisionDecoder.decode(document, in: context), nil)
            } catch {
                problem = error.description
            }
        case .missing(let words):
            problem = words
        case nil:
            break
        }
        if let rule = rules.first(for: CallFacts(push, at: time), in: context) {
            return record(.rule(rule.name), rule.decision, problem)
        }
        guard answer != nil else { return nil }
        var fallback = route.inquiry?.fallback ?? .proceed
        // A menu that leads to itself ends here as well.
        if (try? fallback.verify(in: context)) == nil { fallback = .proceed }
        return record(.fallback, fallback, problem)
    }

    private func record(
        _ source: DecisionRecord.Source,
        _ decision: CallDecision,
        _ problem: String?
    )
        -> DecisionRecord
    {
        DecisionRecord(
            event: push.event,
            leg: push.leg.text,
            call: call,
            source: source,
            decision: decision,
            asked: route.asks(on: push.event) ? route.inquiry?.destination : nil,
            problem: problem
        )
    }

    private var context: DecisionContext {
        route.calls?.decisionContext(of: push.leg.text, gatherLimit: route.gatherLimit)
            ?? DecisionContext(direction: push.direction, gatherLimit: route.gatherLimit)
    }
}
