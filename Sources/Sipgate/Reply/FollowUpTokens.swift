import OpenSSL

/// Makes the secret last part of follow-up addresses, and knows it again.
///
/// sipgate does not repeat the credentials of the configured address on the addresses of our replies, so the token
/// vouches for the push: it admits that event of that leg on that route, and nothing else. Nothing is stored.
struct FollowUpTokens: ~Copyable {
    /// A token: 16 bytes as base64url without padding (RFC 4648, section 5).
    typealias Token = InlineArray<22, UInt8>

    private var mac: MAC
    /// The route and a zero byte, which no path holds: where the route ends, the leg begins.
    private let prefix: [UInt8]

    /// Tokens for a route, under a key that outlives the calls.
    ///
    /// - Throws: what OpenSSL says about the key.
    init(routePath: String, key: [UInt8]) throws(OpenSSLError) {
        mac = try MAC(key: key)
        prefix = Array(routePath.utf8) + [0]
    }

    /// The tokens for both follow-ups of a leg: the halves of one HMAC-SHA256.
    mutating func tokens(for leg: String) -> (answer: Token, hangup: Token) {
        let prefix = prefix  // a span of the property would borrow all of self
        mac.update(prefix.span)
        mac.update(leg.utf8.span)
        let code = mac.code().bytes
        return (FollowUpTokens.text(of: code, from: 0), FollowUpTokens.text(of: code, from: 16))
    }

    /// Whether a token that was sent is this one; takes the same time wherever they differ.
    static func equal(_ token: Token, _ sent: String) -> Bool {
        ConstantTime.equal(token.span, sent.utf8.span)
    }

    private static func text(of code: InlineArray<32, UInt8>, from start: Int) -> Token {
        var text = Token(repeating: 0)
        var bits: UInt32 = 0
        var pending = 0
        var count = 0
        for index in start..<start + 16 {
            bits = bits << 8 | UInt32(code[index])
            pending += 8
            while pending >= 6 {
                pending -= 6
                text[count] = digit(UInt8(bits >> UInt32(pending) & 63))
                count += 1
            }
        }
        // 128 bits are 21 digits and two bits more.
        text[count] = digit(UInt8(bits << 4 & 63))
        return text
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }
}
