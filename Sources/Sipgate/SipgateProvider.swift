package import NIOCore
package import OpenSSL
package import Webhooks

/// sipgate.io's Push API: forms in, events out, and the XML that keeps the call's pushes coming.
///
/// One instance serves one route on one event loop.
package final class SipgateProvider: Provider {
    private let signer: FollowUpSigner
    private let answerAddress: String
    private let hangupAddress: String
    private let unsubscribed = Reply(status: 200, contentType: "application/xml", body: ResponseXML.empty())

    /// Serves one route.
    ///
    /// - Parameters:
    ///   - publicURL: what sipgate can reach, without a trailing slash.
    ///   - routePath: the path of the route.
    ///   - followUpKey: signs follow-up addresses.
    /// - Throws: what OpenSSL says when it has no HMAC.
    package init(publicURL: String, routePath: String, followUpKey: [UInt8]) throws(OpenSSLError) {
        signer = try FollowUpSigner(key: followUpKey, routePath: routePath)
        answerAddress = publicURL + routePath + "/" + Push.Kind.answer.rawValue + "/"
        hangupAddress = publicURL + routePath + "/" + Push.Kind.hangup.rawValue + "/"
    }

    package func screen(_ headers: HeaderFields) throws(Rejection) {
        // What sipgate itself sends needs no parsing.
        guard let text = headers.only("content-type") else { throw Rejection(.unsupportedMediaType) }
        if text != "application/x-www-form-urlencoded", text != "application/x-www-form-urlencoded; charset=UTF-8" {
            guard let type = MediaType(text), type.essence == "application/x-www-form-urlencoded" else {
                throw Rejection(.unsupportedMediaType)
            }
            guard type.charset == nil || type.charset == "utf-8" else { throw Rejection(.unsupportedCharset) }
        }
        for coding in headers.values("content-encoding") where coding != "identity" {
            throw Rejection(.unsupportedContentCoding)
        }
    }

    package func decode(_ body: ByteBuffer) throws(Rejection) -> [EventDraft] {
        [CallNormalizer.draft(try PushDecoder.decode(FormDecoder.decode(body)))]
    }

    package func vouches(for drafts: [EventDraft], followUp: FollowUp) -> Bool {
        guard let draft = drafts.first, drafts.count == 1 else { return false }
        let isOfKind =
            switch followUp.kind {
            case Push.Kind.answer.rawValue: draft.type.name == "call.answered"
            case Push.Kind.hangup.rawValue: draft.type.name == "call.ended"
            default: false
            }
        return isOfKind && signer.verifies(followUp.token, kind: followUp.kind, leg: draft.subject)
    }

    package func reply(to drafts: [EventDraft]) -> Reply {
        // Answers to answer and hangup are thrown away; only newCall and dtmf can subscribe.
        guard let draft = drafts.first, draft.type.name == "call.started" || draft.type.name == "call.digits" else {
            return unsubscribed
        }
        let tokens = signer.tokens(for: draft.subject)
        let body = ResponseXML.subscribing(
            onAnswer: answerAddress + tokens.answer, onHangup: hangupAddress + tokens.hangup)
        return Reply(status: 200, contentType: "application/xml", body: body)
    }
}

@available(*, unavailable)
extension SipgateProvider: Sendable {}
