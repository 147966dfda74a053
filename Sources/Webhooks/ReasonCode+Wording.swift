extension ReasonCode {
    /// What is wrong and what to do instead, in a sentence each: for the reply, the log and the documentation.
    ///
    /// Fixed text; nothing in it depends on the request.
    package var wording: (title: StaticString, remedy: StaticString) {
        switch self {
        case .malformedRequest:
            ("The request is not valid HTTP.", "Send a request that follows RFC 9112, on a new connection.")
        case .ambiguousFraming:
            (
                "The length of the content can be read in two ways.",
                "Send either one Content-Length or Transfer-Encoding: chunked, not both and neither twice."
            )
        case .unsupportedVersion:
            ("The HTTP version is not supported.", "Use HTTP/1.1.")
        case .targetTooLong:
            ("The request target is too long.", "Use the configured address as it stands.")
        case .headerTooLarge:
            ("The header section is too large.", "Send fewer or shorter header fields.")
        case .headerTimeout:
            ("The header section did not arrive in time.", "Send the whole request at once, on a new connection.")
        case .bodyTimeout:
            ("The content did not arrive in time.", "Send the whole request at once, on a new connection.")
        case .bodyTooLarge:
            ("The content is too large.", "Keep the content within the listener's max_body.")
        case .unsupportedExpectation:
            ("The expectation cannot be met.", "Send no Expect field other than 100-continue.")
        case .unknownPath:
            ("Nothing is served under this path.", "Check the path against the routes of the configuration.")
        case .methodNotAllowed:
            ("This path takes another method.", "Use POST.")
        case .credentialsMissing:
            ("This path needs credentials.", "Repeat the request with the Authorization field of HTTP Basic.")
        case .credentialsMalformed:
            (
                "The Authorization field cannot be read.",
                "Send it once: Basic, a blank, and user:password in base64."
            )
        case .credentialsWrong:
            ("The credentials are not valid here.", "Check user and password, and that the route admits this user.")
        case .tooManyFailures:
            (
                "Too many wrong credentials came from this address.",
                "Wait for the time in Retry-After, then send the right ones."
            )
        case .addressDenied:
            (
                "The address of the client may not post here.",
                "Add it to `allow` of the route, or remove it from `deny`, if it should."
            )
        case .certificateDenied:
            (
                "The client showed no certificate that may post here.",
                "Add its subject or its fingerprint to `clients` of the route, if it should."
            )
        case .tokenWrong:
            (
                "The address of this follow-up was not made for this event of this call.",
                "Post to the addresses of the reply as they stand; they work for their own call alone."
            )
        case .signatureMissing:
            ("The push is not signed.", "Send X-Sipgate-Signature; this route takes signed pushes only.")
        case .signatureMalformed:
            ("The signature cannot be read.", "Send X-Sipgate-Signature once, in base64 on one line.")
        case .signatureWrong:
            (
                "The signature does not belong to this content.",
                "Sign the content as it is sent; the operator checks that the route has the current public key."
            )
        case .accountMismatch:
            (
                "The push does not belong to the account of this route.",
                "Check the account and the numbers that the route is configured for."
            )
        case .unsupportedMediaType:
            ("The media type is not supported.", "Send application/x-www-form-urlencoded.")
        case .unsupportedCharset:
            ("The charset is not supported.", "Send UTF-8.")
        case .unsupportedContentCoding:
            ("The content coding is not supported.", "Send the content without Content-Encoding.")
        case .invalidPercentEncoding:
            ("A percent sign is not followed by two hexadecimal digits.", "Write a percent sign as %25.")
        case .invalidUTF8:
            ("A name or value is not valid UTF-8.", "Encode text as UTF-8 before percent-encoding it.")
        case .tooManyFields:
            ("The form has too many fields.", "Send at most 1024.")
        case .unknownEvent:
            ("The event is unknown.", "Send newCall, answer, hangup or dtmf, spelled exactly so.")
        case .missingField:
            ("A required field is missing or empty.", "Add the field that is named, with a value.")
        case .duplicateField:
            ("A field that stands for one value was sent twice.", "Send the field that is named once.")
        case .controlCharacter:
            ("A value holds a control character.", "Remove line ends, tabs and other control characters from it.")
        case .valueTooLong:
            ("A value is too long.", "Keep values within 1024 bytes, and ids of calls within 512.")
        case .invalidIdentifier:
            ("An identifier is not made of visible ASCII characters.", "Send the identifier as it was issued.")
        case .invalidDirection:
            ("The direction is neither in nor out.", "Send in or out, in lower case.")
        case .invalidNumber:
            (
                "A telephone number is not made of 1 to 64 visible ASCII characters.",
                "Send country code and number as digits; write a plus as %2B."
            )
        case .invalidDTMF:
            ("The keys pressed are not keys of a telephone.", "Send digits, A to D, star and hash, or -1.")
        case .destinationUnavailable:
            ("A destination cannot be reached; the event was not kept.", "Send it again after the time in Retry-After.")
        case .destinationTimeout:
            (
                "A destination did not answer in time; the event was not kept.",
                "Send it again after the time in Retry-After."
            )
        case .destinationRefused:
            ("A destination did not accept the event; it was not kept.", "Send it again after the time in Retry-After.")
        case .journalUnavailable:
            (
                "The journal cannot be written at the moment; the event was not kept.",
                "Send it again after the time in Retry-After."
            )
        case .journalFull:
            (
                "The journal has reached its largest size; the event was not kept.",
                "Send it again after the time in Retry-After; the operator sees to the backlog."
            )
        case .overloaded:
            (
                "The gateway has more to do than it can; the event was not kept.",
                "Send it again after the time in Retry-After."
            )
        case .shuttingDown:
            ("The gateway is stopping; the event was not kept.", "Send it again after the time in Retry-After.")
        }
    }
}
