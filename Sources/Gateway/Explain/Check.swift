import Webhooks

/// What a request is asked on its way, in the order of the walk.
enum Check: String, CaseIterable {
    case framing
    case route
    case method
    case address
    case certificate
    case credentialsThere = "credentials_there"
    case mediaType = "media_type"
    case credentials
    case signature
    case form
    case fields
    case account
    case kept

    /// How people call it.
    var title: String {
        switch self {
        case .framing: "request"
        case .route: "route"
        case .method: "method"
        case .address: "address rules"
        case .certificate: "client certificate"
        case .credentialsThere: "credentials sent"
        case .mediaType: "media type"
        case .credentials: "credentials"
        case .signature: "signature"
        case .form: "form"
        case .fields: "fields"
        case .account: "account"
        case .kept: "kept"
        }
    }

    /// What it means that a request has passed it.
    var good: String {
        switch self {
        case .framing: "whole, and within the limits"
        case .route: "found"
        case .method: "POST"
        case .address: "may post here, or no rule says who"
        case .certificate: "may post here, or none is asked for"
        case .credentialsThere: "there are some, or the address may vouch for itself"
        case .mediaType: "a form in UTF-8"
        case .credentials: "right, and of a user who may post here"
        case .signature: "good, or not asked for"
        case .form: "decoded"
        case .fields: "valid"
        case .account: "of this route, or not asked for"
        case .kept: "yes"
        }
    }

    /// Those of a request.
    ///
    /// - Parameter isFollowUp: whether its address has a token, which is looked at when the push is decoded.
    /// - Returns: all that it is asked, in order.
    static func walk(isFollowUp: Bool) -> [Check] {
        guard isFollowUp else { return allCases }
        return [
            .framing, .route, .method, .address, .certificate, .mediaType, .signature, .form, .fields, .account,
            .credentials, .kept,
        ]
    }

    /// The one that a request did not pass.
    ///
    /// - Parameters:
    ///   - reason: why it was refused.
    ///   - isFollowUp: whether its address has a token.
    init(failing reason: ReasonCode, isFollowUp: Bool) {
        self =
            switch reason {
            case .malformedRequest, .ambiguousFraming, .unsupportedVersion, .targetTooLong, .headerTooLarge,
                .headerTimeout, .bodyTimeout, .bodyTooLarge, .unsupportedExpectation:
                .framing
            case .unknownPath: .route
            case .methodNotAllowed: .method
            case .addressDenied: .address
            case .certificateDenied: .certificate
            case .credentialsMissing: isFollowUp ? .credentials : .credentialsThere
            case .credentialsMalformed, .credentialsWrong, .tooManyFailures, .tokenWrong: .credentials
            case .signatureMissing, .signatureMalformed, .signatureWrong: .signature
            case .accountMismatch: .account
            case .unsupportedMediaType, .unsupportedCharset, .unsupportedContentCoding: .mediaType
            case .invalidPercentEncoding, .invalidUTF8, .tooManyFields: .form
            case .unknownEvent, .missingField, .duplicateField, .controlCharacter, .valueTooLong, .invalidIdentifier,
                .invalidDirection, .invalidNumber, .invalidDTMF:
                .fields
            case .destinationUnavailable, .destinationTimeout, .destinationRefused, .journalUnavailable, .journalFull,
                .overloaded, .shuttingDown:
                .kept
            }
    }
}
