import NIOCore

extension Reply {
    /// The reply to a request that was not accepted.
    ///
    /// It is complete: content, challenge, `Allow`, `Retry-After`, and whether the connection ends.
    ///
    /// - Parameters:
    ///   - reason: why.
    ///   - retryAfter: seconds for `Retry-After`; nil means five where the status is 429 or 503, and none elsewhere.
    /// - Returns: the reply.
    package static func refusal(_ reason: ReasonCode, retryAfter: Int? = nil) -> Reply {
        // A refusal without a field is the same every time, and the challenge comes before every push of sipgate.
        let content = prepared[reason] ?? ProblemDetails.content(for: Rejection(reason))
        return refusal(reason, content: content, retryAfter: retryAfter)
    }

    /// The reply to a request that was read and rejected, naming the field where one is to blame.
    package static func refusal(_ rejection: Rejection) -> Reply {
        guard rejection.field != nil || rejection.detail != nil else { return refusal(rejection.reason) }
        var reply = refusal(rejection.reason, content: ProblemDetails.content(for: rejection), retryAfter: nil)
        reply.field = rejection.field
        return reply
    }

    private static let prepared = Dictionary(
        uniqueKeysWithValues: ReasonCode.allCases.map { ($0, ProblemDetails.content(for: Rejection($0))) }
    )

    private static func refusal(_ reason: ReasonCode, content: ByteBuffer, retryAfter: Int?) -> Reply {
        var reply = Reply(
            status: reason.status,
            reason: reason,
            contentType: ProblemDetails.mediaType,
            body: content,
            closes: reason.endsConnection
        )
        reply.requestPlace = ProblemDetails.requestPlace(in: content)
        switch reason.status {
        case 401:
            // RFC 9110, section 11.6.1: without a challenge the sender never repeats with credentials.
            reply.headers.append(("WWW-Authenticate", "Basic realm=\"hookgate\", charset=\"UTF-8\""))
        case 405:
            reply.headers.append(("Allow", "POST"))
        case 429, 503:
            reply.headers.append(("Retry-After", String(retryAfter ?? 5)))
        default:
            break
        }
        return reply
    }
}

extension ReasonCode {
    /// Whether the connection ends with the reply: its framing cannot be trusted, or the rest is not waited for.
    package var endsConnection: Bool {
        switch self {
        case .malformedRequest, .ambiguousFraming, .unsupportedVersion, .targetTooLong, .headerTooLarge,
            .headerTimeout, .bodyTimeout, .bodyTooLarge, .unsupportedExpectation, .shuttingDown:
            true
        case .unknownPath, .methodNotAllowed, .addressDenied, .certificateDenied, .credentialsMissing,
            .credentialsMalformed,
            .credentialsWrong, .tooManyFailures, .tokenWrong, .signatureMissing, .signatureMalformed, .signatureWrong,
            .accountMismatch, .unsupportedMediaType, .unsupportedCharset,
            .unsupportedContentCoding, .invalidPercentEncoding, .invalidUTF8, .tooManyFields, .unknownEvent,
            .missingField, .duplicateField, .controlCharacter, .valueTooLong, .invalidIdentifier, .invalidDirection,
            .invalidNumber, .invalidDTMF, .destinationUnavailable, .destinationTimeout, .destinationRefused,
            .journalUnavailable, .journalFull, .overloaded:
            false
        }
    }
}
