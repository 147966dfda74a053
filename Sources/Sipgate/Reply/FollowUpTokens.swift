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

    /// The token for the keys that a gather of a leg collects.
    mutating func dataToken(for leg: String) -> Token {
        let prefix = prefix
        mac.update(prefix.span)
        mac.update(leg.utf8.span)
        // No leg holds a zero byte either, so this is the code of no other leg.
        mac.update([0, 1].span)
        return FollowUpTokens.text(of: mac.code().bytes, from: 0)
    }

    /// A token as text.
    static func text(_ token: Token) -> String {
        String(decoding: token.indices.map { token[$0] }, as: UTF8.self)
    }

    /// Whether a token that was sent is this one; takes the same time wherever they differ.
    static func equal(_ token: Token, _ sent: String) -> Bool {
        ConstantTime.equal(token.span, sent.utf8.span)
    }

    private static func text(of code: InlineArray<32, UInt8>, from start: Int) -> Token {
        let digits = digits
        var text = Token(repeating: 0)
        // Three bytes are four digits.
        for group in 0..<5 {
            let index = start + 3 * group
            let bits = UInt32(code[index]) << 16 | UInt32(code[index + 1]) << 8 | UInt32(code[index + 2])
            text[4 * group] = digits[Int(bits >> 18)]
            text[4 * group + 1] = digits[Int(bits >> 12 & 63)]
            text[4 * group + 2] = digits[Int(bits >> 6 & 63)]
            text[4 * group + 3] = digits[Int(bits & 63)]
        }
        // 128 bits are 21 digits and two bits more.
        text[20] = digits[Int(code[start + 15] >> 2)]
        text[21] = digits[Int(code[start + 15] & 3) << 4]
        return text
    }

    /// The digits of base64url in order.
    private static let digits: InlineArray<64, UInt8> = {
        var digits = InlineArray<64, UInt8>(repeating: 0)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for (index, byte) in alphabet.utf8.enumerated() { digits[index] = byte }
        return digits
    }()
}
