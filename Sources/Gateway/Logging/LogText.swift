import NIOCore

/// Escapes text for log lines, so that no value can forge a line, a field or a terminal command.
///
/// Control, format and separator characters, private use and unassigned ones become `\u` escapes as in JSON; what is
/// visible stays. One escape form serves both formats: a text value in quotes can be read as a JSON string.
enum LogText {
    /// A value of a text line: as it is when it is plain, in quotes when it is empty or holds anything else.
    static func writeValue(_ text: String, limit: Int, to buffer: inout ByteBuffer) {
        if !text.isEmpty, text.utf8.count <= limit, text.utf8.allSatisfy(isPlain) {
            buffer.writeString(text)
        } else {
            writeQuoted(text, limit: limit, to: &buffer)
        }
    }

    /// A JSON string with its quotes.
    static func writeQuoted(_ text: String, limit: Int, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "\""))
        writeEscaped(text, limit: limit, to: &buffer)
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// The inside of a JSON string, at most about `limit` bytes long; `…` stands for what is cut off.
    static func writeEscaped(_ text: String, limit: Int, to buffer: inout ByteBuffer) {
        if text.utf8.count <= limit, text.utf8.allSatisfy(isUnescaped) {
            buffer.writeString(text)
            return
        }
        let end = buffer.writerIndex + limit
        for scalar in text.unicodeScalars {
            if buffer.writerIndex >= end {
                buffer.writeStaticString("…")
                return
            }
            switch scalar {
            case "\"": buffer.writeStaticString("\\\"")
            case "\\": buffer.writeStaticString("\\\\")
            case "\n": buffer.writeStaticString("\\n")
            case "\r": buffer.writeStaticString("\\r")
            case "\t": buffer.writeStaticString("\\t")
            case " "..."~": buffer.writeInteger(UInt8(truncatingIfNeeded: scalar.value))
            default: writeForeign(scalar, to: &buffer)
            }
        }
    }

    private static func writeForeign(_ scalar: Unicode.Scalar, to buffer: inout ByteBuffer) {
        guard !scalar.isVisible else {
            buffer.writeString(String(scalar))
            return
        }
        for unit in UTF16.encode(scalar) ?? .init() {
            let digits = String(unit, radix: 16)
            buffer.writeString("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
        }
    }

    /// Printable ASCII but quotes and backslashes.
    private static func isUnescaped(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// The same but the space and the equals sign.
    private static func isPlain(_ byte: UInt8) -> Bool {
        isUnescaped(byte) && byte != UInt8(ascii: " ") && byte != UInt8(ascii: "=")
    }
}
