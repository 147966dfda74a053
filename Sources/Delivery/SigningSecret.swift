internal import OpenSSL

/// A key under which requests are signed, as the Standard Webhooks specification has it; printed as `<redacted>`.
package struct SigningSecret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Why a text is no secret.
    package enum Problem: Error, Equatable {
        /// There is nothing in it.
        case empty
        /// What follows `whsec_` is not base64 (RFC 4648, section 4).
        case notBase64
        /// OpenSSL makes no code under it.
        case unusable
    }

    let key: [UInt8]

    /// Reads a secret: `whsec_` and the base64 of the key, or any other text, which is the key itself.
    ///
    /// - Throws: `Problem`.
    package init(_ text: String) throws(Problem) {
        let prefix = "whsec_"
        if text.hasPrefix(prefix) {
            guard let key = Base64.decode(text.utf8.dropFirst(prefix.utf8.count)) else { throw .notBase64 }
            self.key = key
        } else {
            key = Array(text.utf8)
        }
        guard !key.isEmpty else { throw .empty }
        // Tried here, at the start, so that no request is ever found without its signature.
        guard (try? MAC(key: key)) != nil else { throw .unusable }
    }

    /// Whether the key is shorter than the 24 bytes that the specification asks for.
    package var isShort: Bool { key.count < 24 }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
