package import NIOCore

/// Writes JSON (RFC 8259) into a `ByteBuffer`: what it is told in the order it is told, without white space.
///
/// It puts commas and escapes text; that names are not repeated and values stand where they may is the caller's part.
///
///     buffer.writeJSON { json in
///         json.object { json in
///             json.field("leg", leg)
///             json.array("users") { json in json.string(name) }
///         }
///     }
package struct JSONWriter {
    /// What was written so far.
    package fileprivate(set) var buffer: ByteBuffer
    /// True after a value, which the next member or element has to be set apart from.
    private var needsComma = false

    fileprivate init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    /// Writes an object, whose members `body` writes.
    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "{"))
        body(&self)
        close(UInt8(ascii: "}"))
    }

    /// Writes an array, whose elements `body` writes.
    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        open(UInt8(ascii: "["))
        body(&self)
        close(UInt8(ascii: "]"))
    }

    /// Writes a string.
    package mutating func string(_ text: String) {
        separate()
        write(text.utf8.span)
    }

    /// Writes the name of a member, whose value has to follow.
    ///
    /// - Parameter name: characters that need no escaping.
    package mutating func name(_ name: StaticString) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
        needsComma = false
    }

    /// Writes the name of a member, whose value has to follow.
    package mutating func name(escaping name: String) {
        separate()
        write(name.utf8.span)
        buffer.writeInteger(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member with a string.
    package mutating func field(_ name: StaticString, _ text: String) {
        self.name(name)
        string(text)
    }

    /// Writes a member with a string, unless there is none: absent is absent.
    package mutating func field(_ name: StaticString, _ text: String?) {
        if let text { field(name, text) }
    }

    /// Writes a member with `true` or `false`.
    package mutating func field(_ name: StaticString, _ value: Bool) {
        self.name(name)
        buffer.writeStaticString(value ? "true" : "false")
        needsComma = true
    }

    /// Writes a member with an integer.
    package mutating func field(_ name: StaticString, _ value: Int) {
        self.name(name)
        buffer.writeString(String(value))
        needsComma = true
    }

    /// Writes a member whose value is written by `body` as it stands: JSON, or a string that needs no escaping.
    package mutating func field(_ name: StaticString, verbatim body: (inout ByteBuffer) -> Void) {
        self.name(name)
        body(&buffer)
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        buffer.writeInteger(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        buffer.writeInteger(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Writes a string with its quotes.
    ///
    /// Escaped is what RFC 8259, section 7, demands, and U+2028 and U+2029, which end a line in older JavaScript.
    private mutating func write(_ bytes: Span<UInt8>) {
        buffer.writeInteger(UInt8(ascii: "\""))
        var clean = 0
        for index in bytes.indices {
            let byte = bytes[index]
            if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0xE2 { continue }
            if byte == 0xE2 {
                let isLineEnd = bytes.count - index > 2 && bytes[index + 1] == 0x80 && bytes[index + 2] & 0xFE == 0xA8
                guard isLineEnd else { continue }
                copy(bytes.extracting(clean..<index))
                buffer.writeStaticString(bytes[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
                clean = index + 3
            } else {
                copy(bytes.extracting(clean..<index))
                escape(byte)
                clean = index + 1
            }
        }
        copy(bytes.extracting(clean..<bytes.count))
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    private mutating func copy(_ run: Span<UInt8>) {
        // `bytes` is unsafe for element types with padding; UInt8 has none.
        unsafe buffer.writeBytes(run.bytes)
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
        case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
        case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
        default:
            buffer.writeStaticString("\\u00")
            buffer.writeHexDigit(byte >> 4)
            buffer.writeHexDigit(byte & 0xF)
        }
    }
}

extension ByteBuffer {
    /// Writes one JSON value, which `body` spells.
    package mutating func writeJSON(_ body: (inout JSONWriter) -> Void) {
        // The buffer moves into the writer and back, so that it is never shared and never copied.
        var json = JSONWriter(ByteBuffer())
        swap(&self, &json.buffer)
        body(&json)
        swap(&self, &json.buffer)
    }
}
