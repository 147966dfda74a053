package import NIOCore
package import Webhooks

/// Keeps what was turned away, for those who ask later why.
///
/// One for each event loop, called on it. It must not block, and nobody waits for it.
package protocol RefusalKeeper: AnyObject {
    /// Whether another refusal for this reason would be kept now; it counts those that would not.
    func wants(_ reason: ReasonCode, at now: NIODeadline) -> Bool

    /// Takes a request that it wanted.
    func keep(_ request: RefusedRequest)

    /// Whether another connection that ended so would be kept now; it counts those that would not.
    func wants(_ reason: EndedConnection.Reason, at now: NIODeadline) -> Bool

    /// Takes a connection that it wanted.
    func keep(_ connection: EndedConnection)
}

/// A request that was not accepted, with what is known of it at the end: references, nothing is copied.
package struct RefusedRequest {
    /// Its identity.
    package let id: RequestID
    /// Its first byte.
    package let time: Timestamp
    /// Who sent it.
    package let client: ClientAddress
    /// What it came on.
    package let connection: ConnectionOrigin
    /// What the client has shown.
    package let certificate: ClientCertificate?
    /// Nil when it was refused before it was read.
    package let head: RequestHead?
    /// Its path as a log may show it, in the words of who had its route when it came.
    package let path: String?
    /// The content, where it was read to the end.
    package let body: ByteBuffer?
    /// What it was told.
    package let reply: Reply
}

/// A connection that ended before it could bring a request.
package struct EndedConnection {
    /// Why, as the metrics count it.
    package enum Reason {
        /// It was turned away at once.
        case refused(EdgeCounts.ConnectionRefusal)
        /// It did not get through its handshake.
        case handshake(EdgeCounts.HandshakeFailure)
    }

    /// An id like that of a request.
    package let id: RequestID
    /// Who it was.
    package let client: ClientAddress
    /// Which listener it came to, as the configuration writes its address.
    package let listener: String
    /// Why it ended.
    package let reason: Reason
    /// The same in OpenSSL's words, where it has any.
    package let words: String?
}

extension EdgeLoop {
    /// A connection ended before it could bring a request: counts it, and has it kept.
    ///
    /// One of a flood costs that and no more: neither words nor an id are made for nobody.
    func ended(
        _ reason: EndedConnection.Reason,
        words: @autoclosure () -> String? = nil,
        client: ClientAddress,
        listener: String,
        at now: NIODeadline
    ) {
        switch reason {
        case .refused(let refusal): counts.connectionRefused(refusal)
        case .handshake(let failure): counts.handshakeFailed(failure)
        }
        guard let keeper, keeper.wants(reason, at: now) else { return }
        let id = ids.next(at: .now())
        keeper.keep(EndedConnection(id: id, client: client, listener: listener, reason: reason, words: words()))
    }
}
