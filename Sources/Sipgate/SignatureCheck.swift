package import NIOCore
package import OpenSSL
package import Webhooks

/// Says whether sipgate signed a push: `X-Sipgate-Signature`, over the exact bytes of the body.
///
/// To be asked before anything is decoded. A good signature proves that sipgate sent this body to somebody once: one
/// key signs for all customers, and nothing binds it to a time or an address.
package struct SignatureCheck: Sendable {
    /// What follows from a verdict.
    package enum Mode: String, Sendable, CaseIterable {
        /// Only signed pushes are let in.
        case require
        /// Verdicts are noted and all pushes let in.
        case record
        /// Nothing is checked.
        case ignore
    }

    /// What was found; `reason` is its stable word.
    package enum Verdict: Sendable, Equatable {
        /// Nobody looked.
        case unchecked
        /// Signed with the key of this fingerprint.
        case signed(Digest)
        /// There is no signature.
        case missing
        /// There are several, or it is no base64 on one line.
        case malformed
        /// No key makes signatures of that length.
        case wrongLength
        /// None of the keys made it for this body.
        case wrong

        /// The word for logs, metrics and replies; nil for good ones.
        package var reason: StaticString? {
            switch self {
            case .unchecked, .signed: nil
            case .missing: "signature_missing"
            case .malformed: "signature_malformed"
            case .wrongLength, .wrong: "signature_wrong"
            }
        }
    }

    private static let header: StaticString = "x-sipgate-signature"

    /// What follows from a verdict.
    package let mode: Mode
    private let keys: [SignatureKey]
    private let longest: Int

    /// A check with several keys, so that a new one can be added before the old one is gone.
    ///
    /// - Parameters:
    ///   - mode: What follows from a verdict.
    ///   - keys: Any of them will do. With none, nothing is signed.
    package init(mode: Mode, keys: [SignatureKey]) {
        self.mode = mode
        self.keys = keys
        longest = keys.map(\.signatureLength).max() ?? 0
    }

    /// Looks at a push.
    ///
    /// - Parameters:
    ///   - headers: The header section of the request.
    ///   - body: Its content as received.
    /// - Returns: What was found.
    package func verdict(on headers: HeaderFields, body: ByteBuffer) -> Verdict {
        guard mode != .ignore else { return .unchecked }
        let values = headers.values(SignatureCheck.header)
        guard let text = values.first, values.count > 1 || !text.isEmpty else { return .missing }
        guard values.count == 1 else { return .malformed }
        // Four characters stand for three bytes; longer text is not even decoded.
        guard text.utf8.count <= (longest + 2) / 3 * 4 else { return .wrongLength }
        guard let signature = Base64.decode(text) else { return .malformed }
        let candidates = keys.filter { $0.signatureLength == signature.count }
        guard !candidates.isEmpty else { return .wrongLength }
        for key in candidates where key.isSignature(signature.span, of: body.readableBytesUInt8Span) {
            return .signed(key.fingerprint)
        }
        return .wrong
    }

    /// Whether a push with this verdict is let in.
    package func admits(_ verdict: Verdict) -> Bool {
        mode != .require || verdict.reason == nil && verdict != .unchecked
    }
}

/// Base64 of RFC 4648, section 4: its alphabet, its padding, nothing between, and no bits left over.
enum Base64 {
    /// The bytes; nil for text that an encoder would not write.
    static func decode(_ text: String) -> [UInt8]? {
        let source = Array(text.utf8)
        guard source.count.isMultiple(of: 4) else { return nil }
        let padding = source.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count / 4 * 3)
        var bits: UInt32 = 0
        for index in 0..<(source.count - padding) {
            guard let value = value(of: source[index]) else { return nil }
            bits = bits << 6 | UInt32(value)
            switch index % 4 {
            case 0: continue
            case 1: bytes.append(UInt8(truncatingIfNeeded: bits >> 4))
            case 2: bytes.append(UInt8(truncatingIfNeeded: bits >> 2))
            default: bytes.append(UInt8(truncatingIfNeeded: bits))
            }
        }
        let leftOver: UInt32 = padding == 2 ? 0xF : padding == 1 ? 3 : 0
        return bits & leftOver == 0 ? bytes : nil
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
