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

    /// Turns the content of a push into zero or more events.
    ///
    /// - Throws: a `Rejection` that names the field and the reason.
    func decode(_ body: ByteBuffer) throws(Rejection) -> [EventDraft]

    /// Whether a push to a follow-up address proves by its token that the address came from an earlier reply of ours.
    func vouches(for drafts: [EventDraft], followUp: FollowUp) -> Bool

    /// The reply to an accepted push.
    func reply(to drafts: [EventDraft]) -> Reply
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
