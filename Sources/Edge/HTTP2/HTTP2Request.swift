import NIOHPACK
import Webhooks

/// The head of a request in HTTP/2, brought into the form that HTTP/1.1 has: behind it the same rules hold for both.
struct HTTP2Request {
    /// Why there is none.
    enum Failure: Error, Equatable {
        /// Not what HTTP/2 allows: its stream is reset, and nobody sees it (RFC 9113, section 8.1.1).
        case malformed
        /// Beyond a limit, or ambiguous: it gets a reply.
        case refused(ReasonCode)
    }

    let method: String
    let target: String
    let fields: HeaderFields
    let framing: FramingRules.Framing

    /// Reads a header section, which NIO has unpacked and not looked at.
    ///
    /// - Parameters:
    ///   - section: its fields.
    ///   - limits: the bounds of the listener.
    /// - Throws: `Failure`.
    init(_ section: HPACKHeaders, limits: EdgeLimits) throws(Failure) {
        var pseudo = PseudoFields()
        var host: String?
        var fields: [(name: String, value: String)] = []
        fields.reserveCapacity(section.count)
        var size = 0
        for (name, value, _) in section {
            // What a field counts for (RFC 9113, section 6.5.2).
            size += name.utf8.count + value.utf8.count + 32
            if name.utf8.first == UInt8(ascii: ":") {
                guard fields.isEmpty, pseudo.take(name, value) else { throw .malformed }
            } else {
                guard HTTP2Request.isAllowed(name, value) else { throw .malformed }
                if name == "host" { host = value }
                fields.append((name, value))
            }
        }
        guard let (method, target) = pseudo.request else { throw .malformed }
        guard size <= limits.maxHeaderBytes, fields.count <= limits.maxHeaderFields else {
            throw .refused(.headerTooLarge)
        }
        if let authority = pseudo.authority {
            // Two names for whom it is meant (RFC 9113, section 8.3.1).
            guard host == nil || host == authority else { throw .refused(.malformedRequest) }
            if host == nil { fields.append(("host", authority)) }
        }
        self.method = method
        self.target = target
        self.fields = HeaderFields(fields)
        switch FramingRules.check(target: target, isVersion10: false, self.fields, limits: limits) {
        case .success(let framing): self.framing = framing
        case .failure(let refusal): throw .refused(refusal.reason)
        }
    }

    /// The length that the request says its content has.
    var contentLength: Int? { framing.declaresLength ? framing.contentLength : nil }

    /// Whether fields may stand behind the content (RFC 9113, section 8.1).
    static func areTrailers(_ section: HPACKHeaders) -> Bool {
        section.allSatisfy { HTTP2Request.isAllowed($0.name, $0.value) }
    }

    /// Whether a field is one of HTTP/2 (RFC 9113, sections 8.2.1 and 8.2.2).
    private static func isAllowed(_ name: String, _ value: String) -> Bool {
        let letters = name.utf8.span
        let length = letters.count
        guard length > 0 else { return false }
        for index in 0..<length where !isNameByte(letters[index]) { return false }
        let octets = value.utf8.span
        if octets.count > 0, isBlank(octets[0]) || isBlank(octets[octets.count - 1]) { return false }
        guard octets.isPrintableASCII || hasNoLineEnd(octets) else { return false }
        return switch length {
        case 2: name != "te" || value == "trailers"
        case 7: name != "upgrade"
        case 10: name != "connection" && name != "keep-alive"
        case 16: name != "proxy-connection"
        case 17: name != "transfer-encoding"
        default: true
        }
    }

    /// Tokens (RFC 9110, section 5.6.2) in lower case.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func hasNoLineEnd(_ octets: Span<UInt8>) -> Bool {
        for index in octets.indices where [0x00, 0x0A, 0x0D].contains(octets[index]) { return false }
        return true
    }
}

/// The fields that stand for the first line of HTTP/1.1 (RFC 9113, section 8.3.1).
private struct PseudoFields {
    private var method: String?
    private var path: String?
    private var scheme: String?
    private(set) var authority: String?

    /// - Returns: false for one that is unknown, or there a second time.
    mutating func take(_ name: String, _ value: String) -> Bool {
        switch name {
        case ":method": PseudoFields.set(&method, value)
        case ":path": PseudoFields.set(&path, value)
        case ":authority": PseudoFields.set(&authority, value)
        // It says nothing that the listener does not know.
        case ":scheme": PseudoFields.set(&scheme, value)
        default: false
        }
    }

    private static func set(_ place: inout String?, _ value: String) -> Bool {
        guard place == nil, value.utf8.span.isFreeOfControls else { return false }
        place = value
        return true
    }

    /// Method and target, when all that has to be there is.
    var request: (method: String, target: String)? {
        guard let method, !method.isEmpty else { return nil }
        if method == "CONNECT" {
            // It names a host and no path (RFC 9113, section 8.5).
            guard let authority, path == nil, scheme == nil else { return nil }
            return (method, authority)
        }
        guard let path, !path.isEmpty, let scheme, !scheme.isEmpty else { return nil }
        return (method, path)
    }
}
