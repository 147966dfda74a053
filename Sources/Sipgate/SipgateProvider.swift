package import NIOCore
package import OpenSSL
package import Webhooks

/// The sipgate.io Push API: form posts in, call events and a subscribing reply out.
package final class SipgateProvider: Provider {
    private let normalizer = CallNormalizer()
    private let xml: ResponseXML
    private var tokens: FollowUpTokens

    /// A provider for one route on one event loop.
    ///
    /// - Parameters:
    ///   - publicURL: where sipgate can reach the gateway, without a slash at the end.
    ///   - routePath: the path of the route, which follow-up addresses continue.
    ///   - followUpKey: the key of follow-up tokens, 32 random bytes or more. The same on every event loop, and across
    ///     restarts if calls that are under way should survive them.
    /// - Throws: what OpenSSL says about the key.
    package init(publicURL: String, routePath: String, followUpKey: [UInt8]) throws(OpenSSLError) {
        xml = ResponseXML(address: publicURL + (routePath == "/" ? "" : routePath))
        tokens = try FollowUpTokens(routePath: routePath, key: followUpKey)
    }

    package func screen(_ headers: HeaderFields) throws(Rejection) {
        try FormContent.screen(headers)
    }

    package func decode(_ body: ByteBuffer) throws(Rejection) -> [EventDraft] {
        [normalizer.draft(of: try PushDecoder.decode(try FormDecoder.decode(body)))]
    }

    package func vouches(for drafts: [EventDraft], followUp: FollowUp) -> Bool {
        guard !drafts.isEmpty else { return false }
        return drafts.allSatisfy { draft in
            switch (followUp.kind, draft.type.name) {
            case ("answer", "call.answered"):
                FollowUpTokens.equal(tokens.tokens(for: draft.subject).answer, followUp.token)
            case ("hangup", "call.ended"):
                FollowUpTokens.equal(tokens.tokens(for: draft.subject).hangup, followUp.token)
            default:
                false
            }
        }
    }

    package func reply(to drafts: [EventDraft]) -> Reply {
        // The attributes count on newCall and dtmf; whatever answers answer and hangup is thrown away.
        guard let draft = drafts.first, draft.type.name == "call.started" || draft.type.name == "call.digits" else {
            return Reply(status: 200, contentType: ResponseXML.mediaType, body: xml.empty)
        }
        let (answer, hangup) = tokens.tokens(for: draft.subject)
        return Reply(
            status: 200,
            contentType: ResponseXML.mediaType,
            body: xml.subscribing(answer: answer, hangup: hangup)
        )
    }
}
