package import NIOCore
package import OpenSSL
internal import Webhooks

/// How a destination proves who it is, and how we prove it to the destination.
package struct DestinationTLS: Sendable {
    /// Where trust begins, and our own certificate if it wants one; shared by all its connections.
    package var context: TLSContext
    /// The DNS name or IP address that its certificate must be for; nil where nothing is verified.
    package var serverName: String?
    /// SHA-256 of the public keys that it may have; empty: any that is trusted.
    package var pins: [Digest] = []

    package init(context: TLSContext, serverName: String?) {
        self.context = context
        self.serverName = serverName
    }
}

/// A configured receiver of events: the only kind of address the gateway ever dials.
package struct Destination: Sendable {
    /// How the event stands in the request.
    package enum Format: String, Sendable, CaseIterable {
        /// CloudEvents, structured mode: one `application/cloudevents+json` document.
        case cloudevents
        /// CloudEvents, binary mode: attributes as `ce-` fields, the data as content.
        case cloudeventsBinary = "cloudevents_binary"
        /// The data alone, `application/json`.
        case data
    }

    /// Which events a destination gets; asked once for every event, when it is accepted.
    package struct Wanted: Sendable {
        /// Their types, by name (`call.started`); nil means all.
        package var types: Set<String>?
        /// Their directions, in the provider's words (sipgate: `in`, `out`); nil means all.
        ///
        /// An event that says nothing of a direction is wanted: only what is known to be unwanted is left out.
        package var directions: Set<String>?

        /// Whether an event is one of these.
        func includes(_ event: Event) -> Bool {
            includes(type: event.draft.type.name, direction: event.draft.direction)
        }

        /// Whether an event of this type and direction is one of these.
        package func includes(type: String, direction: String?) -> Bool {
            if let types, !types.contains(type) { return false }
            if let directions, let direction, !directions.contains(direction) { return false }
            return true
        }
    }

    /// What has to wait for what.
    package enum Order: String, Sendable, CaseIterable {
        /// An event for the earlier ones of its subject (sipgate: its call).
        case subject
        /// Nothing for anything.
        case none
    }

    /// The name routes use.
    package var name: String
    /// The host to connect to: a name or an address.
    package var host: String
    /// The port to connect to.
    package var port: Int
    /// The path of a Unix socket that is connected to instead of host and port; nil: TCP.
    package var socket: String?
    /// Path and query, as they go into the request line.
    package var target: String
    /// The format of the request's content.
    package var format: Format = .cloudevents
    /// From the moment the event is handed over to the end of the response: waiting, connecting and answering together.
    package var timeout: TimeAmount = .seconds(5)
    /// Requests under way at once, over all event loops.
    package var concurrency = 16
    /// Which events it gets.
    package var wanted = Wanted()
    /// What has to wait for what.
    package var order = Order.subject
    /// Attempts a second, retries among them; nil means as many as there are.
    package var rate: Int?
    /// After which age an event of a type, by name, is worthless and not sent any more.
    package var expiry: [String: TimeAmount] = [:]
    /// When a failed delivery is tried again.
    package var retry = RetryPolicy()
    /// When the destination is left alone for a while.
    package var breaker = BreakerPolicy()
    /// The secrets that sign requests, all of them: two while one replaces the other.
    package var secrets: [SigningSecret] = []

    /// How it is reached over TLS; nil: in the clear.
    package var tls: DestinationTLS?

    package init(name: String, host: String, port: Int, target: String) {
        self.name = name
        self.host = host
        self.port = port
        self.target = target
    }
}
