import NIOCore
package import OpenSSL
package import Webhooks

/// The sipgate.io Push API: form posts in, call events and a subscribing reply out.
package final class SipgateProvider: Provider {
    let normalizer = CallNormalizer()
    let route: SipgateRoute
    private let address: String
    private let xml: ResponseXML
    private var tokens: FollowUpTokens

    /// A provider for one route on one event loop.
    ///
    /// - Parameters:
    ///   - publicURL: where sipgate can reach the gateway, without a slash at the end.
    ///   - routePath: the path of the route, which follow-up addresses continue.
    ///   - followUpKey: the key of follow-up tokens, 32 random bytes or more. The same on every event loop, and across
    ///     restarts if calls that are under way should survive them.
    ///   - route: what the event loops share.
    /// - Throws: what OpenSSL says about the key.
    package init(
        publicURL: String,
        routePath: String,
        followUpKey: [UInt8],
        route: SipgateRoute = SipgateRoute()
    ) throws(OpenSSLError) {
        self.route = route
        address = publicURL + (routePath == "/" ? "" : routePath)
        xml = ResponseXML(address: address)
        tokens = try FollowUpTokens(routePath: routePath, key: followUpKey)
    }

    package func screen(_ headers: HeaderFields) throws(Rejection) {
        try FormContent.screen(headers)
    }

    package func decode(_ request: InboundRequest) throws(Rejection) -> any Webhook {
        try webhook(of: request)
    }

    /// The signature comes first: nothing that sipgate did not send is decoded where signatures are required.
    func webhook(of request: InboundRequest) throws(Rejection) -> SipgateWebhook {
        let verdict = route.signature.verdict(on: request.head.headers, body: request.body)
        if !route.signature.admits(verdict) { throw Rejection(verdict.refusal) }
        let push = try PushDecoder.decode(try FormDecoder.decode(request.body))
        try route.account?.verify(push)
        return SipgateWebhook(push, signature: verdict, body: request.body, provider: self)
    }

    /// Whether a token was given out for that follow-up of that leg.
    func isToken(_ followUp: FollowUp, for event: PushEvent, of leg: String) -> Bool {
        switch (followUp.kind, event) {
        case ("answer", .answer): FollowUpTokens.equal(tokens.tokens(for: leg).answer, followUp.token)
        case ("hangup", .hangup): FollowUpTokens.equal(tokens.tokens(for: leg).hangup, followUp.token)
        case ("dtmf", .dtmf): FollowUpTokens.equal(tokens.dataToken(for: leg), followUp.token)
        default: false
        }
    }

    /// All tokens for follow-ups of a leg.
    func tokens(of leg: String) -> [String] {
        let (answer, hangup) = tokens.tokens(for: leg)
        return [answer, hangup, tokens.dataToken(for: leg)].map { FollowUpTokens.text($0) }
    }

    /// The reply to a push.
    func reply(to event: PushEvent, of leg: String, _ decision: CallDecision) -> Reply {
        // The attributes count on newCall and dtmf; whatever answers answer and hangup is thrown away.
        guard event == .newCall || event == .dtmf else {
            return Reply(status: 200, contentType: ResponseXML.mediaType, body: xml.empty)
        }
        let (answer, hangup) = tokens.tokens(for: leg)
        let body =
            decision.actions.isEmpty
            ? xml.subscribing(answer: answer, hangup: hangup)
            : DecisionXML.write(
                decision,
                followUps: FollowUpAddresses(
                    onAnswer: "\(address)/answer/\(FollowUpTokens.text(answer))",
                    onHangup: "\(address)/hangup/\(FollowUpTokens.text(hangup))",
                    onData: "\(address)/dtmf/\(FollowUpTokens.text(tokens.dataToken(for: leg)))"
                )
            )
        return Reply(status: 200, contentType: ResponseXML.mediaType, body: body)
    }
}

extension SignatureCheck.Verdict {
    /// The reason of a push that is refused for it.
    fileprivate var refusal: ReasonCode {
        switch self {
        case .unchecked, .signed, .wrongLength, .wrong: .signatureWrong
        case .missing: .signatureMissing
        case .malformed: .signatureMalformed
        }
    }

    /// The word for events; nil where nobody looked.
    var word: String? {
        switch self {
        case .unchecked: nil
        case .signed: "valid"
        case .missing: "missing"
        case .malformed: "malformed"
        case .wrongLength, .wrong: "wrong"
        }
    }
}
