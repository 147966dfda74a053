package import NIOCore

/// JSON (RFC 8259) written straight into a buffer.
extension ByteBuffer {
    /// Writes a string in quotes, with everything escaped that has to be.
    package mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F }) {
            for byte in text.utf8 { writeJSONEscaped(byte) }
        } else {
            writeString(text)
        }
        writeInteger(UInt8(ascii: "\""))
    }

    /// Writes one byte of UTF-8 inside a string.
    private mutating func writeJSONEscaped(_ byte: UInt8) {
        switch byte {
        case 0x22: writeStaticString("\\\"")
        case 0x5C: writeStaticString("\\\\")
        case 0x0A: writeStaticString("\\n")
        case 0x0D: writeStaticString("\\r")
        case 0x09: writeStaticString("\\t")
        case 0x00..<0x20, 0x7F:
            writeStaticString("\\u00")
            for nibble in [byte >> 4, byte & 0xF] { writeInteger(nibble < 10 ? 48 + nibble : 87 + nibble) }
        default: writeInteger(byte)
        }
    }
}

/// Writes the members of one JSON object, minding the commas.
package struct JSONObjectWriter: ~Copyable {
    private var isFirst = true

    /// Opens the object.
    package init(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "{"))
    }

    /// Writes a member's name; its value has to follow.
    ///
    /// - Parameter name: needs no escaping.
    package mutating func name(_ name: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(isFirst ? "\"" : ",\"")
        isFirst = false
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
    }

    /// Writes a member's name that came from outside; its value has to follow.
    package mutating func name(escaping name: String, into buffer: inout ByteBuffer) {
        if !isFirst { buffer.writeInteger(UInt8(ascii: ",")) }
        isFirst = false
        buffer.writeJSONString(name)
        buffer.writeInteger(UInt8(ascii: ":"))
    }

    /// Writes a member whose value is a string; nothing when there is none.
    package mutating func string(_ name: StaticString, _ value: String?, into buffer: inout ByteBuffer) {
        guard let value else { return }
        self.name(name, into: &buffer)
        buffer.writeJSONString(value)
    }

    /// Writes a member whose value is a truth value.
    package mutating func bool(_ name: StaticString, _ value: Bool, into buffer: inout ByteBuffer) {
        self.name(name, into: &buffer)
        buffer.writeStaticString(value ? "true" : "false")
    }

    /// Writes a member whose value is a list of strings.
    package mutating func strings(_ name: StaticString, _ values: [String], into buffer: inout ByteBuffer) {
        self.name(name, into: &buffer)
        JSONObjectWriter.array(values, into: &buffer)
    }

    /// Writes a list of strings.
    package static func array(_ values: [String], into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
            buffer.writeJSONString(value)
        }
        buffer.writeInteger(UInt8(ascii: "]"))
    }

    /// Closes the object.
    package consuming func end(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "}"))
    }
}
