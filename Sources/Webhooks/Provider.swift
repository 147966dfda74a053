package import NIOCore

/// A sender of webhooks, as the gateway sees it: how its pushes become events, and what it wants to hear.
///
/// One instance serves one route on one event loop, so it needs no lock. Decoding is a pure function of its arguments:
/// no clock, no socket, no disk.
package protocol Provider: AnyObject {
    /// Checks the media type, charset and content coding, before the body is read.
    ///
    /// - Throws: a `Rejection` with a status of 415.
    func screen(_ headers: HeaderFields) throws(Rejection)

    /// Decodes and checks a push: its signature, its form, its values, whose it is.
    ///
    /// - Throws: a `Rejection` that names the field and the reason.
    func decode(_ request: InboundRequest) throws(Rejection) -> any Webhook
}

/// One push that was decoded, on its way to the journal and its reply: `takeIn`, then `reply` or `withdraw`.
package protocol Webhook: AnyObject {
    /// Whether it proves by the token of a follow-up address that the address came from an earlier reply of ours.
    func isVouchedFor(by followUp: FollowUp) -> Bool

    /// Takes it into what is known of its provider's things; called once.
    ///
    /// - Parameter time: when it arrived.
    /// - Returns: what is to be kept of it.
    func takeIn(at time: Timestamp) -> Intake

    /// The reply, and what is to be told of how it came about.
    ///
    /// - Parameters:
    ///   - answer: what the destination said that was asked; nil when none was.
    ///   - time: when the push arrived.
    /// - Returns: the reply, and an event about it where somebody decided.
    func reply(to answer: InquiryAnswer?, at time: Timestamp) -> (reply: Reply, note: EventDraft?)

    /// It could not be kept: when it comes again it is not a repetition.
    func withdraw()
}

/// What a push means for the gateway.
package enum Intake {
    /// It was there before: nothing is kept, and it is answered as it was then.
    case repetition(Reply)
    /// These are to be kept, together and in this order; a decision may be asked for with the first.
    case events([EventDraft], asks: Bool)
}

/// What came of asking a destination for a decision.
package enum InquiryAnswer: Sendable, Equatable {
    /// The content of a 2xx response.
    case content(ByteBuffer)
    /// Why there is none, in words for the one who runs the destination.
    case missing(String)
}

/// What is behind the path of a route in a follow-up address: `/hooks/sipgate/<kind>/<token>`.
package struct FollowUp: Sendable, Equatable {
    /// Which follow-up, in the provider's words: `answer`, `hangup`, `dtmf`.
    package let kind: String
    /// The proof that we gave this address to the provider, base64url without padding.
    package let token: String

    package init(kind: String, token: String) {
        self.kind = kind
        self.token = token
    }
}

/// What proves that a push to a follow-up address is the provider's.
package enum FollowUpPolicy: String, Sendable, CaseIterable {
    /// The token in the address, or credentials.
    case either
    /// The token alone.
    case token
    /// Credentials alone.
    case credentials
}
