import NIOCore

/// The content of a refusal (RFC 9457), with `reason`, `field` and `request` as extension members.
///
///     {"type": "urn:hookgate:reason:missing_field", "title": "A required field is missing or empty.", "status": 422,
///      "reason": "missing_field", "field": "callId", "detail": "Add the field that is named, with a value.",
///      "request": "1D5KX0Q3W8ZT"}
///
/// `request` is last, so that its place is known: contents are made before there is a request.
enum ProblemDetails {
    /// The media type of the content.
    static let mediaType: StaticString = "application/problem+json"
    /// Bytes of a field name that are repeated: longer than any known one, too short to carry a page.
    static let maxFieldBytes = 64

    /// The content for a rejection.
    static func content(for rejection: Rejection) -> ByteBuffer {
        let (title, remedy) = rejection.reason.wording
        var buffer = ByteBuffer()
        buffer.writeJSON { json in
            json.object { json in
                json.field("type", "urn:hookgate:reason:" + rejection.reason.rawValue)
                json.field("title", fixed: title)
                json.field("status", rejection.reason.status)
                json.field("reason", rejection.reason.rawValue)
                if let field = rejection.field { json.field("field", shortened(field)) }
                json.field("detail", fixed: rejection.detail ?? remedy)
                json.field("request", RequestID(second: 0, number: 0).description)
            }
        }
        return buffer
    }

    /// Where the id of the request stands in a content.
    static func requestPlace(in content: ByteBuffer) -> Int {
        // Behind it: a quotation mark and the bracket.
        content.readableBytes - RequestID.length - 2
    }

    /// The text if it is short, or else as many whole characters (Unicode scalars) of it as fit.
    private static func shortened(_ field: String) -> String {
        guard field.utf8.count > maxFieldBytes else { return field }
        var end = field.utf8.index(field.startIndex, offsetBy: maxFieldBytes)
        while field.utf8[end] & 0xC0 == 0x80 { end = field.utf8.index(before: end) }
        return String(field[..<end])
    }
}

extension JSONWriter {
    /// Writes a member with a string that is part of the program.
    fileprivate mutating func field(_ name: StaticString, fixed text: StaticString) {
        field(name, text.description)
    }
}
