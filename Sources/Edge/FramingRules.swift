import Webhooks

/// What the parser lets through and an edge must not (RFC 9112, sections 3.2, 5.2, 6.1, 6.3; RFC 9110, section 10.1.1).
///
/// Every rule here is one way in which two parsers can disagree about where a request ends. llhttp, as NIO sets it up,
/// already refuses both length fields together, differing or repeated lengths, bare CR and LF, and spaces before colons.
enum FramingRules {
    /// A head that may be read on, and how its content is framed.
    struct Framing: Equatable {
        /// The declared length of the content, 0 without content, nil when it is chunked.
        var contentLength: Int?
        /// The length was declared, and not only left out.
        var declaresLength = false
        /// The client waits for 100 (Continue) before it sends its content.
        var expectsContinue: Bool
        /// The client would like another protocol behind this request.
        var asksForUpgrade = false
    }

    /// Checks a head.
    ///
    /// - Parameters:
    ///   - target: its request target.
    ///   - isVersion10: whether it is of HTTP/1.0, which knows fewer things.
    ///   - fields: its header section.
    ///   - limits: the bounds of the listener.
    /// - Returns: its framing, or the reason to refuse it and to close the connection.
    static func check(
        target: String,
        isVersion10: Bool,
        _ fields: HeaderFields,
        limits: EdgeLimits
    ) -> Result<Framing, Refusal> {
        guard target.utf8.count <= limits.maxTargetBytes else { return .failure(Refusal(.targetTooLong)) }
        // Octets above ASCII may stand there; a space or a control character would end the target elsewhere.
        let octets = target.utf8.span
        guard octets.isVisibleASCII || octets.isFreeOfControls && !target.utf8.contains(UInt8(ascii: " ")) else {
            return .failure(Refusal(.malformedRequest))
        }
        var framing = Framing(contentLength: 0, expectsContinue: false)
        var hosts = 0
        var lengths = 0
        var codings = 0
        let pairs = fields.fields.span
        for index in pairs.indices {
            let (name, value) = pairs[index]
            // A folded line (obs-fold) or a control character.
            let bytes = value.utf8.span
            guard bytes.isPrintableASCII || isFieldValue(bytes) else { return .failure(Refusal(.ambiguousFraming)) }
            switch name.utf8.count {
            case 4 where name.equalsIgnoringCase("host"):
                hosts += 1
            case 6 where name.equalsIgnoringCase("expect"):
                guard value.equalsIgnoringCase("100-continue") else {
                    return .failure(Refusal(.unsupportedExpectation))
                }
                framing.expectsContinue = !isVersion10
            case 7 where name.equalsIgnoringCase("upgrade"):
                framing.asksForUpgrade = true
            case 14 where name.equalsIgnoringCase("content-length"):
                lengths += 1
                // Digits only: `Int` would also take a sign.
                guard !value.isEmpty, value.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                    return .failure(Refusal(.ambiguousFraming))
                }
                // More digits than an Int holds are too large, not malformed.
                framing.contentLength = Int(value) ?? Int.max
                framing.declaresLength = true
            case 17 where name.equalsIgnoringCase("transfer-encoding"):
                codings += 1
                // Any coding but chunked alone would need undoing, and HTTP/1.0 knows none.
                guard value.equalsIgnoringCase("chunked"), !isVersion10 else {
                    return .failure(Refusal(.ambiguousFraming))
                }
                framing.contentLength = nil
            default:
                break
            }
        }
        guard lengths + codings <= 1 else { return .failure(Refusal(.ambiguousFraming)) }
        guard hosts == 1 || hosts == 0 && isVersion10 else { return .failure(Refusal(.malformedRequest)) }
        if let length = framing.contentLength, length > limits.maxBodyBytes { return .failure(Refusal(.bodyTooLarge)) }
        return .success(framing)
    }

    /// A reason as an error, for `Result`.
    struct Refusal: Error, Equatable {
        let reason: ReasonCode

        init(_ reason: ReasonCode) {
            self.reason = reason
        }
    }

    /// RFC 9110, section 5.5: no control character but the tab.
    private static func isFieldValue(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { return false }
        }
        return true
    }
}
