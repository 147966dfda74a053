extension ReasonCode {
    /// One sentence for people: what is wrong and what to do instead. Also the text of the documentation.
    package var words: StaticString {
        switch self {
        case .malformedRequest: "This is no HTTP/1.1 request. Check the client."
        case .ambiguousFraming:
            "The length of the request can be read in more than one way. Send one Content-Length or chunked coding."
        case .unsupportedVersion: "Only HTTP/1.0 and HTTP/1.1 are served. Use one of them."
        case .targetTooLong: "The request target is too long. Send fields in the content."
        case .headerTooLarge: "The header section is too large. Send fewer or shorter header fields."
        case .headerTimeout: "The header section took too long. Send it at once."
        case .bodyTimeout: "The content took too long. Send it at once."
        case .bodyTooLarge: "The content is larger than this listener takes. Send less, or raise max_body."
        case .unsupportedExpectation: "Only the expectation 100-continue is known. Leave others out."
        case .unknownPath: "No route has this path. Compare it with the configured routes, to the letter."
        case .methodNotAllowed: "This path takes POST only."
        case .credentialsMissing: "Credentials are needed. Repeat the request with Basic authentication."
        case .credentialsMalformed: "The Authorization field is not one Basic credential (RFC 7617)."
        case .credentialsWrong: "User or password is wrong, or the user may not post here."
        case .tooManyFailures: "Too many wrong passwords came from this address. Wait, then use the right one."
        case .unsupportedMediaType: "Send the content as application/x-www-form-urlencoded."
        case .unsupportedCharset: "Send the form in UTF-8."
        case .unsupportedContentCoding: "Send the content without any content coding."
        case .invalidPercentEncoding: "A percent sign is not followed by two hexadecimal digits."
        case .invalidUTF8: "The form is not valid UTF-8."
        case .tooManyFields: "The form has more than 1,024 fields."
        case .unknownEvent: "The event is none of newCall, answer, hangup and dtmf."
        case .missingField: "A required field is missing or empty."
        case .duplicateField: "A field that may come once came more than once."
        case .controlCharacter: "A field holds a control character."
        case .valueTooLong: "A field's value is too long: 512 bytes for callId, 1,024 for others."
        case .invalidIdentifier: "An identifier holds something else than visible ASCII."
        case .invalidDirection: "The direction is neither in nor out."
        case .invalidNumber: "A number holds spaces or other characters that no address has."
        case .invalidDTMF: "The dtmf field holds something else than digits, A to D, star, hash, or -1."
        case .destinationUnavailable: "A destination could not be reached. Nothing was kept: send it again later."
        case .destinationTimeout: "A destination did not answer in time. Nothing was kept: send it again later."
        case .destinationRefused: "A destination did not take the event. Nothing was kept: send it again later."
        case .overloaded: "More is waiting than the gateway takes on. Nothing was kept: send it again later."
        case .shuttingDown: "The gateway is going down. Nothing was kept: send it again."
        }
    }
}
