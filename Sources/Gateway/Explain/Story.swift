import Webhooks

/// What became of a request, or of a connection that brought none, from top to bottom.
struct Story: Sendable {
    /// How a step went.
    enum Result: String, Sendable {
        case passed
        case failed
        /// Nothing that could fail.
        case note
        /// It cannot be told.
        case unknown
    }

    /// One line of it.
    struct Step: Sendable {
        let result: Result
        /// What was looked at.
        let name: String
        /// How it went.
        let text: String
        /// More about it, a line each.
        var details: [String] = []
    }

    /// `request`, `handshake` or `connection`.
    let kind: String
    /// The id of the request; nil where the journal does not say.
    let id: RequestID?
    /// When it came.
    let time: Timestamp
    /// `accepted` or `refused`.
    let outcome: String
    /// The stable word of a refusal.
    var reason: String?
    /// The status of the reply.
    var status: Int?
    /// What to do about a refusal, or about deliveries that fail.
    var remedy: String?
    /// The events that it brought.
    var events: [EventID] = []
    /// In order.
    var steps: [Step] = []

    mutating func add(_ result: Result, _ name: String, _ text: String, _ details: [String] = []) {
        steps.append(Step(result: result, name: name, text: text, details: details))
    }

    /// Writes it as an object.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("request", id?.description)
            json.field("kind", kind)
            json.field("time", time.description)
            json.field("outcome", outcome)
            json.field("reason", reason)
            if let status { json.field("status", status) }
            json.field("remedy", remedy)
            json.array("events") { json in for event in events { json.string(event.description) } }
            json.array("steps") { json in
                for step in steps {
                    json.object { json in
                        json.field("step", step.name)
                        json.field("result", step.result.rawValue)
                        json.field("text", step.text)
                        if !step.details.isEmpty {
                            json.array("details") { json in for detail in step.details { json.string(detail) } }
                        }
                    }
                }
            }
        }
    }
}

extension JSONWriter {
    /// Writes a member with an array, whose elements `body` writes.
    mutating func array(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        array(body)
    }
}
