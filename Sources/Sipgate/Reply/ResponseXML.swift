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
    /// A subscribing reply whose tokens are still to be filled in, and where they stand.
    private let subscribing: ByteBuffer
    private let answerPlace: Int
    private let hangupPlace: Int

    /// Replies that subscribe under an address.
    ///
    /// - Parameter address: the public address of the route, without a slash at its end.
    init(address: String) {
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        let escaped = ResponseXML.escape(address)
        empty = ByteBuffer(string: declaration + "<Response/>")
        let token = String(repeating: "-", count: FollowUpTokens.Token.count)
        let beforeAnswer = "\(declaration)<Response onAnswer=\"\(escaped)/answer/"
        let beforeHangup = "\(beforeAnswer)\(token)\" onHangup=\"\(escaped)/hangup/"
        subscribing = ByteBuffer(string: "\(beforeHangup)\(token)\"/>")
        answerPlace = beforeAnswer.utf8.count
        hangupPlace = beforeHangup.utf8.count
    }

    /// A reply that subscribes to the rest of the leg.
    func subscribing(answer: FollowUpTokens.Token, hangup: FollowUpTokens.Token) -> ByteBuffer {
        var reply = subscribing
        reply.setSpan(answer.span, at: answerPlace)
        reply.setSpan(hangup.span, at: hangupPlace)
        return reply
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
