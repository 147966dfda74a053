import NIOCore
import Webhooks

/// The XML that answers a push.
///
/// `application/xml` without a parameter, and ASCII alone: whether sipgate bears a charset is told both ways.
struct ResponseXML: Sendable {
    /// The media type; sipgate takes replies of no other.
    static let mediaType: StaticString = "application/xml"

    /// A reply that says nothing: the call goes on, nobody is subscribed.
    let empty: ByteBuffer
    /// What stands before, between and after the tokens of a subscribing reply.
    private let head: ByteBuffer
    private let middle: ByteBuffer
    private let tail: ByteBuffer

    /// Replies that subscribe under an address.
    ///
    /// - Parameter address: the public address of the route, without a slash at its end.
    init(address: String) {
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        let escaped = ResponseXML.escape(address)
        empty = ByteBuffer(string: declaration + "<Response/>")
        head = ByteBuffer(string: "\(declaration)<Response onAnswer=\"\(escaped)/answer/")
        middle = ByteBuffer(string: "\" onHangup=\"\(escaped)/hangup/")
        tail = ByteBuffer(string: "\"/>")
    }

    /// A reply that subscribes to the rest of the leg.
    func subscribing(answer: FollowUpTokens.Token, hangup: FollowUpTokens.Token) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(
            head.readableBytes + middle.readableBytes + tail.readableBytes + answer.count + hangup.count
        )
        buffer.writeImmutableBuffer(head)
        buffer.writeSpan(answer.span)
        buffer.writeImmutableBuffer(middle)
        buffer.writeSpan(hangup.span)
        buffer.writeImmutableBuffer(tail)
        return buffer
    }

    /// Text as it may stand in a quoted attribute (XML 1.0, section 2.4): markup and all but visible ASCII as
    /// character references; what XML 1.0, section 2.2, does not allow at all, as the replacement character.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&apos;"
            case " "..."~": escaped.unicodeScalars.append(scalar)
            case "\t", "\n", "\r": escaped += reference(scalar.value)
            case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": escaped += reference(0xFFFD)
            default: escaped += reference(scalar.value)
            }
        }
        return escaped
    }

    private static func reference(_ value: UInt32) -> String {
        "&#x\(String(value, radix: 16, uppercase: true));"
    }
}
