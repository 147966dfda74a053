import NIOCore

extension Reply {
    /// The reply for a request that was not accepted: problem details (RFC 9457) with `reason`.
    package static func refusal(_ reason: ReasonCode) -> Reply {
        refusal(Rejection(reason))
    }

    /// The reply for a request that was not accepted: problem details (RFC 9457) with `reason` and `field`.
    package static func refusal(_ rejection: Rejection) -> Reply {
        let reason = rejection.reason
        var body = ByteBuffer()
        body.reserveCapacity(256)
        var object = JSONObjectWriter(into: &body)
        object.name("title", into: &body)
        body.writeStaticString("\"")
        body.writeStaticString(reason.words)
        body.writeStaticString("\"")
        object.name("status", into: &body)
        body.writeString("\(reason.status)")
        object.string("reason", reason.rawValue, into: &body)
        object.string("field", rejection.field.map(shortened), into: &body)
        object.end(into: &body)
        body.writeStaticString("\n")
        return Reply(status: reason.status, reason: reason, contentType: "application/problem+json", body: body)
    }

    /// A stranger chose the field's name: not more than 64 bytes of it come back.
    private static func shortened(_ field: String) -> String {
        var text = field
        while text.utf8.count > 64 { text.removeLast() }
        return text
    }
}
