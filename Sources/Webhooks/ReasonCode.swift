/// Why a request was not accepted: one stable word, the same in the reply, the log, the metrics and the documentation.
///
/// The raw value is a contract. `status` is the one table that maps a reason to its HTTP status code (RFC 9110).
package enum ReasonCode: String, Sendable, CaseIterable {
    // Framing and limits, decided by the edge.
    case malformedRequest = "malformed_request"
    case ambiguousFraming = "ambiguous_framing"
    case unsupportedVersion = "unsupported_version"
    case targetTooLong = "target_too_long"
    case headerTooLarge = "header_too_large"
    case headerTimeout = "header_timeout"
    case bodyTimeout = "body_timeout"
    case bodyTooLarge = "body_too_large"
    case unsupportedExpectation = "unsupported_expectation"
    // Route and method.
    case unknownPath = "unknown_path"
    case methodNotAllowed = "method_not_allowed"
    // Who is it.
    case addressDenied = "address_denied"
    case certificateDenied = "certificate_denied"
    case credentialsMissing = "credentials_missing"
    case credentialsMalformed = "credentials_malformed"
    case credentialsWrong = "credentials_wrong"
    case tooManyFailures = "too_many_failures"
    case tokenWrong = "token_wrong"
    case signatureMissing = "signature_missing"
    case signatureMalformed = "signature_malformed"
    case signatureWrong = "signature_wrong"
    case accountMismatch = "account_mismatch"
    // Decoding: the bytes are not what their type says.
    case unsupportedMediaType = "unsupported_media_type"
    case unsupportedCharset = "unsupported_charset"
    case unsupportedContentCoding = "unsupported_content_coding"
    case invalidPercentEncoding = "invalid_percent_encoding"
    case invalidUTF8 = "invalid_utf8"
    case tooManyFields = "too_many_fields"
    // Validation: decoded, but not a push that the provider can have sent.
    case unknownEvent = "unknown_event"
    case missingField = "missing_field"
    case duplicateField = "duplicate_field"
    case controlCharacter = "control_character"
    case valueTooLong = "value_too_long"
    case invalidIdentifier = "invalid_identifier"
    case invalidDirection = "invalid_direction"
    case invalidNumber = "invalid_number"
    case invalidDTMF = "invalid_dtmf"
    // Ours: nothing was kept, try again.
    case destinationUnavailable = "destination_unavailable"
    case destinationTimeout = "destination_timeout"
    case destinationRefused = "destination_refused"
    case journalUnavailable = "journal_unavailable"
    case journalFull = "journal_full"
    case overloaded
    case shuttingDown = "shutting_down"

    /// The HTTP status code of a reply that carries this reason.
    package var status: Int {
        switch self {
        case .malformedRequest, .ambiguousFraming, .unsupportedVersion,
            .invalidPercentEncoding, .invalidUTF8, .tooManyFields:
            400
        case .credentialsMissing, .credentialsMalformed, .credentialsWrong: 401
        case .addressDenied, .certificateDenied, .tokenWrong, .signatureMissing, .signatureMalformed, .signatureWrong,
            .accountMismatch:
            403
        case .unknownPath: 404
        case .methodNotAllowed: 405
        case .headerTimeout, .bodyTimeout: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .unsupportedMediaType, .unsupportedCharset, .unsupportedContentCoding: 415
        case .unsupportedExpectation: 417
        case .unknownEvent, .missingField, .duplicateField, .controlCharacter, .valueTooLong, .invalidIdentifier,
            .invalidDirection, .invalidNumber, .invalidDTMF:
            422
        case .tooManyFailures: 429
        case .headerTooLarge: 431
        case .destinationUnavailable, .destinationTimeout, .destinationRefused, .journalUnavailable, .journalFull,
            .overloaded, .shuttingDown:
            503
        }
    }
}
