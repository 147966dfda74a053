package import Journal
package import Webhooks

/// Events of the journal as JSON, the same for the command line and the API.
extension JSONWriter {
    /// Writes an event with where it stands.
    package mutating func record(_ record: JournalRecord) {
        let event = record.entry.event
        object { json in
            json.field("id", event.id.description)
            json.field("position", Int(record.entry.position.value))
            json.field("type", event.draft.type.description)
            json.field("subject", event.draft.subject)
            json.field("time", event.time.description)
            json.field("source", event.source)
            json.field("route", record.entry.route)
            json.field("traceparent", event.traceParent)
            json.field("tracestate", event.trace?.state)
            json.field("clientsubject", event.client?.subject)
            json.field("clientfingerprint", event.client?.fingerprint)
            if let origin = event.origin {
                json.name("request")
                json.origin(origin)
            }
            json.field("data", json: event.draft.data)
            json.name("deliveries")
            json.array { json in
                for delivery in record.deliveries { json.delivery(delivery) }
            }
        }
    }

    private mutating func origin(_ origin: RequestOrigin) {
        object { json in
            json.field("id", origin.id.description)
            json.field("client", origin.client)
            json.connection(origin.connection)
            switch origin.proof {
            case .password(let user):
                json.field("proof", "password")
                json.field("user", user)
            case .token:
                json.field("proof", "token")
            }
        }
    }

    /// Writes members about a connection.
    package mutating func connection(_ connection: ConnectionOrigin) {
        field("listener", connection.listener)
        field("http", connection.http)
        guard let handshake = connection.handshake else { return }
        field("tls", handshake.version)
        field("suite", handshake.suite)
        field("resumed", handshake.isResumed)
        field("certificate", handshake.certificate)
    }

    private mutating func delivery(_ delivery: DeliveryStatus) {
        object { json in
            json.field("destination", delivery.destination)
            json.field("state", delivery.state.rawValue)
            json.field("detail", delivery.detail)
            json.field("due", delivery.due?.description)
            json.field("reason", delivery.reason)
            json.field("attempts", delivery.attempts)
            if !delivery.history.isEmpty {
                json.name("history")
                json.array { json in
                    for attempt in delivery.history { json.attempt(attempt) }
                }
            }
        }
    }

    private mutating func attempt(_ attempt: AttemptRecord) {
        object { json in
            json.field("number", attempt.number)
            json.field("time", attempt.time.description)
            json.field("latency_ms", attempt.latency)
            json.field("outcome", attempt.outcome)
            json.field("detail", attempt.detail)
            if let status = attempt.status { json.field("status", status) }
        }
    }
}
