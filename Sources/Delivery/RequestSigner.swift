internal import NIOCore
internal import OpenSSL
internal import Webhooks

/// Signs requests as the Standard Webhooks specification, version 1, has it.
///
/// A code is HMAC-SHA256 over `webhook-id.webhook-timestamp.body`; several secrets make several signatures, separated
/// by blanks, of which the receiver needs one. Belongs to one event loop.
final class RequestSigner {
    private let macs: [KeyedMAC]

    /// A box: an array takes nothing that cannot be copied.
    private final class KeyedMAC {
        var mac: MAC

        init(_ secret: SigningSecret) {
            do {
                mac = try MAC(key: secret.key)
            } catch {
                preconditionFailure("SigningSecret.init made a code under this key: \(error)")
            }
        }
    }

    /// Nil without secrets: then nothing is hashed.
    init?(_ secrets: [SigningSecret]) {
        guard !secrets.isEmpty else { return nil }
        macs = secrets.map { KeyedMAC($0) }
    }

    /// Writes the value of `webhook-signature`.
    ///
    /// - Parameters:
    ///   - stamp: `webhook-id.webhook-timestamp.`
    ///   - content: the body.
    ///   - request: where it goes.
    func writeSignatures(stamp: ByteBuffer, content: ByteBuffer, to request: inout ByteBuffer) {
        var isFirst = true
        for keyed in macs {
            request.writeStaticString(isFirst ? "v1," : " v1,")
            isFirst = false
            keyed.mac.update(stamp.readableBytesUInt8Span)
            keyed.mac.update(content.readableBytesUInt8Span)
            request.writeSpan(Base64.encode(keyed.mac.code().bytes).span)
        }
    }
}

@available(*, unavailable)
extension RequestSigner: Sendable {}
