package import NIOCore

/// What kind of thing happened: the CloudEvents `type`, for example `io.sipgate.call.started`.
///
/// A reference: every event has one, and there are only a few.
package final class EventType: Sendable, Hashable, CustomStringConvertible {
    /// The provider's reverse domain name, for example `io.sipgate`.
    package let namespace: String
    /// The rest, as the configuration names it: `call.started`.
    package let name: String
    /// The whole type.
    package let description: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
        description = namespace + "." + name
    }

    package static func == (left: EventType, right: EventType) -> Bool {
        left === right || left.namespace == right.namespace && left.name == right.name
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(namespace)
        hasher.combine(name)
    }
}

/// What a provider knows about an event: everything but when and under which id it was accepted.
package struct EventDraft: Sendable {
    /// What happened.
    package var type: EventType
    /// The provider's id of the thing it happened to (sipgate: the leg).
    ///
    /// Events of one subject stay in order.
    package var subject: String
    /// One JSON object (RFC 8259), the `data` of the event.
    package var data: ByteBuffer
    /// Which way the thing went, in the provider's words (sipgate: `in`, `out`); nil when it did not say.
    package var direction: String?
    /// When it happened, for events that no push brought; nil: when their push arrived.
    package var time: Timestamp?

    package init(
        type: EventType,
        subject: String,
        data: ByteBuffer,
        direction: String? = nil,
        time: Timestamp? = nil
    ) {
        self.type = type
        self.subject = subject
        self.data = data
        self.direction = direction
        self.time = time
    }
}

/// A fact that was accepted: a CloudEvent, version 1.0.
///
/// Immutable, and the same at every destination: all who hold it hold the same one.
package final class Event: Sendable {
    /// Also sent as `webhook-id`, so that a receiver can drop a duplicate.
    package let id: EventID
    /// Where it came from: the public URL of its route.
    package let source: String
    /// When the push arrived, or what no push brought happened.
    package let time: Timestamp
    /// What happened, to what, and the rest.
    package let draft: EventDraft
    /// The trace that the push belongs to; nil without one.
    package let trace: TraceContext?
    /// The certificate of whoever brought the push; nil without one.
    package let client: ClientCertificate?
    /// The request that brought it, for our own record; nil: time alone did, or a journal was read that says nothing of it.
    package let origin: RequestOrigin?

    package init(
        id: EventID,
        source: String,
        time: Timestamp,
        draft: EventDraft,
        trace: TraceContext? = nil,
        client: ClientCertificate? = nil,
        origin: RequestOrigin? = nil
    ) {
        self.id = id
        self.source = source
        self.time = time
        self.draft = draft
        self.trace = trace
        self.client = client
        self.origin = origin
    }

    /// The `traceparent` of its trace.
    package var traceParent: String? { trace?.parent }
}
