import NIOCore

/// Writes the XML that sipgate is known to accept (reference of the Push API, "The XML reply").
enum ResponseXML {
    private static let declaration: StaticString = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

    /// A reply that lets the call go on.
    static func empty() -> ByteBuffer {
        var out = ByteBuffer(staticString: declaration)
        out.writeStaticString("<Response/>\n")
        return out
    }

    /// A reply that lets the call go on and subscribes to the rest of it.
    static func subscribing(onAnswer: String, onHangup: String) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(128 + onAnswer.utf8.count + onHangup.utf8.count)
        out.writeStaticString(declaration)
        out.writeStaticString("<Response onAnswer=\"")
        out.writeXMLAttribute(onAnswer)
        out.writeStaticString("\" onHangup=\"")
        out.writeXMLAttribute(onHangup)
        out.writeStaticString("\"/>\n")
        return out
    }
}

extension ByteBuffer {
    /// Writes text inside a quoted attribute: markup as entities, everything beyond ASCII as character references.
    mutating func writeXMLAttribute(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": writeStaticString("&amp;")
            case "<": writeStaticString("&lt;")
            case ">": writeStaticString("&gt;")
            case "\"": writeStaticString("&quot;")
            case "'": writeStaticString("&apos;")
            case "\u{20}"..."\u{7E}": writeInteger(UInt8(truncatingIfNeeded: scalar.value))
            default: writeString("&#\(scalar.value);")
            }
        }
    }
}
