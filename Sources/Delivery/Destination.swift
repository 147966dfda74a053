package import NIOCore

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

    /// The name routes use.
    package var name: String
    /// The host to connect to: a name or an address.
    package var host: String
    /// The port to connect to.
    package var port: Int
    /// Path and query, as they go into the request line.
    package var target: String
    /// The format of the request's content.
    package var format: Format = .cloudevents
    /// From the moment the event is handed over to the end of the response: waiting, connecting and answering together.
    package var timeout: TimeAmount = .seconds(5)
    /// Requests under way at once, over all event loops.
    package var concurrency = 16
    /// The event types it wants, by name (`call.started`); nil means all.
    package var types: Set<String>?

    package init(name: String, host: String, port: Int, target: String) {
        self.name = name
        self.host = host
        self.port = port
        self.target = target
    }
}
