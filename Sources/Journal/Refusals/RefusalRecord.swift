package import Webhooks

/// What is kept of somebody who was turned away: made fit for keeping, without secrets.
package struct RefusalRecord: Sendable, Equatable {
    /// What was turned away.
    package enum Kind: String, Sendable, CaseIterable {
        /// A request, with a reply.
        case request
        /// A connection, in its handshake.
        case handshake
        /// A connection, as soon as it came.
        case connection
    }

    /// What was turned away.
    package let kind: Kind
    /// Its identity.
    package let id: RequestID
    /// When its first byte came.
    package let time: Timestamp
    /// The stable word of why: that of the reply, the log and the metrics.
    package let reason: String
    /// The status of the reply; nil without one.
    package var status: Int?
    /// The listener, as the configuration writes its address.
    package let listener: String
    /// The address of the client.
    package let client: String
    /// The connection below HTTP, as `ConnectionOrigin.words` has it; nil before a handshake.
    package var connection: String?
    /// The client's certificate in one line, `FINGERPRINT SUBJECT`.
    package var certificate: String?
    /// The method; nil when the request was not read so far.
    package var method: String?
    /// The target without query and token.
    package var target: String?
    /// The path of the route, where one was found.
    package var route: String?
    /// The header section without secrets: a line `name: value` for each field.
    package var fields: String?
    /// The beginning of the content, masked; nil when it was not read.
    package var body: [UInt8]?
    /// How long the content is.
    package var bodySize: Int?
    /// The field to blame, where one is.
    package var field: String?
    /// The byte of the content to blame, counted from 0.
    package var offset: Int?
    /// The bytes around it, escaped and masked.
    package var excerpt: String?
    /// The provider's id of the call that it is about.
    package var call: String?
    /// More about the reason: OpenSSL's words.
    package var detail: String?
    /// How many more were turned away for this reason and not kept, from then on.
    package var more = 0

    package init(
        kind: Kind,
        id: RequestID,
        time: Timestamp,
        reason: String,
        listener: String,
        client: String
    ) {
        self.kind = kind
        self.id = id
        self.time = time
        self.reason = reason
        self.listener = listener
        self.client = client
    }

    /// The connection below HTTP.
    package var origin: ConnectionOrigin? {
        connection.flatMap { ConnectionOrigin(words: $0.split(separator: " ", omittingEmptySubsequences: false)) }
    }

    /// What it takes while it waits, near enough.
    var weight: Int {
        256 + (target?.utf8.count ?? 0) + (fields?.utf8.count ?? 0) + (body?.count ?? 0)
            + (detail?.utf8.count ?? 0) + (certificate?.utf8.count ?? 0)
    }
}

/// Which refusals: every condition that is set has to hold.
package struct RefusalFilter: Sendable, Equatable {
    /// The stable word.
    package var reason: String?
    /// The address of the client.
    package var client: String?
    /// The path of the route.
    package var route: String?
    /// The provider's id of a call.
    package var call: String?
    /// At this moment or later, in milliseconds since 1970.
    package var since: Int64?

    package init() {}
}

/// A refusal with its place, which grows with every one.
package struct KeptRefusal: Sendable {
    /// For asking for those before it.
    package let position: Int64
    /// What is kept.
    package let record: RefusalRecord
}
