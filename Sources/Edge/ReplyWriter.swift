import NIOCore
import NIOHPACK
import Webhooks

/// Puts replies into bytes (RFC 9112, section 4), the same for good ones and refusals.
///
/// One per event loop.
/// Bytes are written directly, without NIO's encoder: the exact length is known, no coding is ever applied, and one
/// buffer becomes one TLS record.
package final class ReplyWriter {
    private var date = ByteBuffer()
    private var dateText = ""
    /// The header section of the last reply of 200 in HTTP/2.
    private var lastPlain: (second: Int64, length: Int, type: String?, fields: HPACKHeaders)?
    private var dateSecond: Int64 = -1
    /// Where replies are written.
    private var reused = ByteBuffer()

    package init() {}

    /// How the connection goes on after a reply.
    enum Persistence {
        /// HTTP/1.1: nothing needs saying.
        case keepAlive
        /// HTTP/1.0 asked for it and has to be told.
        case keepAliveAnnounced
        case close
    }

    /// A whole reply.
    func bytes(
        of reply: Reply,
        to request: RequestID,
        _ persistence: Persistence,
        withoutBody: Bool
    ) -> ByteBuffer {
        // As a rule the last reply has been encrypted by now, and its memory is ours alone again.
        reused.clear()
        write(reply, request, persistence, withoutBody: withoutBody, into: &reused)
        return reused
    }

    /// The header section of a reply in HTTP/2 (RFC 9113, section 8.3.2).
    ///
    /// Only what is the same every time may enter the client's table, whose size the client chooses; and one id of a
    /// connection, which takes the name of the field with it: those behind it are written without.
    ///
    /// - Parameters:
    ///   - reply: what is answered.
    ///   - request: to whom.
    ///   - isFirst: whether it is the first reply of its connection.
    /// - Returns: the section, in the order in which it is sent.
    func fields(of reply: Reply, to request: RequestID, isFirst: Bool) -> HPACKHeaders {
        var fields = commonFields(of: reply)
        fields.add(
            name: "x-request-id",
            value: request.description,
            indexing: isFirst ? .indexable : .nonIndexable
        )
        return fields
    }

    private func commonFields(of reply: Reply) -> HPACKHeaders {
        updateDate()
        // Within a second most replies differ in nothing but their content.
        let isPlain = reply.status == 200 && reply.headers.isEmpty
        if isPlain, let last = lastPlain, last.second == dateSecond, last.length == reply.body.readableBytes,
            last.type == reply.contentType.map(String.init)
        {
            return last.fields
        }
        let fields = makeFields(reply)
        if isPlain { lastPlain = (dateSecond, reply.body.readableBytes, reply.contentType.map(String.init), fields) }
        return fields
    }

    private func makeFields(_ reply: Reply) -> HPACKHeaders {
        var fields = HPACKHeaders()
        fields.reserveCapacity(5 + reply.headers.count)
        fields.add(name: ":status", value: "\(reply.status)")
        fields.add(name: "date", value: dateText, indexing: .nonIndexable)
        if let type = reply.contentType { fields.add(name: "content-type", value: "\(type)") }
        for (name, value) in reply.headers {
            fields.add(name: "\(name)".lowercased(), value: value, indexing: .nonIndexable)
        }
        fields.add(name: "content-length", value: "\(reply.body.readableBytes)", indexing: .nonIndexable)
        return fields
    }

    /// Appends a whole reply.
    private func write(
        _ reply: Reply,
        _ request: RequestID,
        _ persistence: Persistence,
        withoutBody: Bool,
        into out: inout ByteBuffer
    ) {
        out.reserveCapacity(minimumWritableBytes: 256 + reply.body.readableBytes)
        switch reply.status {
        case 200: out.writeStaticString("HTTP/1.1 200 OK\r\n")
        case 401: out.writeStaticString("HTTP/1.1 401 Unauthorized\r\n")
        default:
            out.writeStaticString("HTTP/1.1 ")
            out.writeDecimal(reply.status)
            out.writeStaticString(" ")
            out.writeStaticString(ReplyWriter.phrase(reply.status))
            out.writeStaticString("\r\n")
        }
        writeDate(into: &out)
        out.writeStaticString("X-Request-Id: ")
        out.writeSpan(request.characters.span)
        out.writeStaticString("\r\n")
        if let type = reply.contentType {
            out.writeStaticString("Content-Type: ")
            out.writeStaticString(type)
            out.writeStaticString("\r\n")
        }
        for (name, value) in reply.headers {
            out.writeStaticString(name)
            out.writeStaticString(": ")
            out.writeString(value)
            out.writeStaticString("\r\n")
        }
        switch persistence {
        case .keepAlive: break
        case .keepAliveAnnounced: out.writeStaticString("Connection: keep-alive\r\n")
        case .close: out.writeStaticString("Connection: close\r\n")
        }
        out.writeStaticString("Content-Length: ")
        out.writeDecimal(reply.body.readableBytes)
        out.writeStaticString("\r\n\r\n")
        guard !withoutBody else { return }
        out.writeImmutableBuffer(reply.body)
        if let place = reply.requestPlace {
            out.setSpan(request.characters.span, at: out.writerIndex - reply.body.readableBytes + place)
        }
    }

    /// Appends `Date` (RFC 9110, section 6.6.1).
    private func writeDate(into out: inout ByteBuffer) {
        updateDate()
        out.writeImmutableBuffer(date)
    }

    /// Formats the date, at most once a second.
    private func updateDate() {
        let second = Timestamp.now().milliseconds / 1000
        guard second != dateSecond else { return }
        dateSecond = second
        date.clear()
        date.writeStaticString("Date: ")
        date.writeHTTPDate(secondsSinceEpoch: second)
        date.writeStaticString("\r\n")
        dateText = String(String(buffer: date).dropFirst(6).dropLast())
    }

    /// The reason phrase of a status code (RFC 9110, section 15), which clients ignore and people read.
    private static func phrase(_ status: Int) -> StaticString {
        switch status {
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        default: "Unknown"
        }
    }
}

@available(*, unavailable)
extension ReplyWriter: Sendable {}

extension ByteBuffer {
    /// Writes `Mon, 23 Nov 2026 06:25:05 GMT` (IMF-fixdate, RFC 9110, section 5.6.7).
    mutating func writeHTTPDate(secondsSinceEpoch second: Int64) {
        var iso = ByteBuffer()
        iso.writeTimestamp(Timestamp(milliseconds: second * 1000))
        let digits = iso.readableBytesView
        let weekdays: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months: [StaticString] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        writeStaticString(weekdays[Int(second / 86_400) % 7])
        writeStaticString(", ")
        writeBytes(digits[8..<10])
        writeStaticString(" ")
        writeStaticString(months[Int(digits[5] - 48) * 10 + Int(digits[6] - 48) - 1])
        writeStaticString(" ")
        writeBytes(digits[0..<4])
        writeStaticString(" ")
        writeBytes(digits[11..<19])
        writeStaticString(" GMT")
    }
}
