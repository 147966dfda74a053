import OpenSSL
import Webhooks

/// Makes and checks the tokens in follow-up addresses: proof that we gave the address to sipgate, for one event of one call.
///
/// No state is needed: one HMAC-SHA256 over route and leg gives both tokens, 128 bits for `answer`, 128 bits for
/// `hangup`. A token is worth nothing on another route, for another call, or for another event.
final class FollowUpSigner {
    private var mac: MAC
    private let route: [UInt8]

    /// - Throws: what OpenSSL says, for example that its default provider is missing.
    init(key: [UInt8], routePath: String) throws(OpenSSLError) {
        mac = try MAC(key: key)
        // The separator ends the path: no route's path holds a NUL.
        route = Array(routePath.utf8) + [0]
    }

    /// The tokens of a leg, base64url without padding.
    func tokens(for leg: String) -> (answer: String, hangup: String) {
        let code = code(for: leg)
        return (Base64URL.encode(code[..<16]), Base64URL.encode(code[16...]))
    }

    /// Whether this is the token of that event of that leg.
    func verifies(_ token: String, kind: String, leg: String) -> Bool {
        let tokens = tokens(for: leg)
        switch kind {
        case Push.Kind.answer.rawValue: return ConstantTime.equal(Array(token.utf8), Array(tokens.answer.utf8))
        case Push.Kind.hangup.rawValue: return ConstantTime.equal(Array(token.utf8), Array(tokens.hangup.utf8))
        default: return false
        }
    }

    private func code(for leg: String) -> [UInt8] {
        let route = route
        mac.update(route.span)
        let digest = mac.code(of: Array(leg.utf8)).bytes
        return digest.indices.map { digest[$0] }
    }
}

/// base64url without padding (RFC 4648, section 5).
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count)) & 63])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count)) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }
}
