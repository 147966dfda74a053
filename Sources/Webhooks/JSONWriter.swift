package import NIOCore

/// Writes JSON (RFC 8259): what it is told in the order it is told, without white space.
///
/// It puts commas and escapes text; that names are not repeated and values stand where they may is the caller's part.
/// The bytes gather in an array and reach the `ByteBuffer` in one piece: a buffer checks itself at every write, and
/// JSON is mostly small writes.
///
///     buffer.writeJSON { json in
///         json.object { json in
///             json.field("leg", leg)
///             json.array("users") { json in json.string(name) }
///         }
///     }
package struct JSONWriter {
    /// What was written so far.
    fileprivate var bytes: [UInt8] = []
    /// True after a value, which the next member or element has to be set apart from.
    private var needsComma = false

    fileprivate init(capacity: Int) {
        bytes.reserveCapacity(capacity)
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
        write(text)
    }

    /// Writes the name of a member, whose value has to follow.
    ///
    /// - Parameter name: characters that need no escaping.
    package mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes the name of a member, whose value has to follow.
    package mutating func name(escaping name: String) {
        separate()
        write(name)
        bytes.append(UInt8(ascii: ":"))
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

    /// Writes a member with a string of characters that need no escaping.
    package mutating func field(_ name: StaticString, plain text: Span<UInt8>) {
        self.name(name)
        bytes.append(UInt8(ascii: "\""))
        for index in text.indices { bytes.append(text[index]) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a member with `true` or `false`.
    package mutating func field(_ name: StaticString, _ value: Bool) {
        self.name(name)
        append(value ? "true" : "false")
        needsComma = true
    }

    /// Writes a member with an integer.
    package mutating func field(_ name: StaticString, _ value: Int) {
        self.name(name)
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    /// Writes a member whose value is JSON already.
    package mutating func field(_ name: StaticString, json value: ByteBuffer) {
        self.name(name)
        bytes.append(contentsOf: value.readableBytesView)
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Writes a string with its quotes.
    ///
    /// Escaped is what RFC 8259, section 7, demands, and U+2028 and U+2029, which end a line in older JavaScript.
    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        let source = text.utf8.span
        if JSONWriter.isClean(source) {
            bytes.append(contentsOf: text.utf8)
        } else {
            var index = 0
            while index < source.count { index += escape(source, at: index) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether nothing in it may need escaping.
    private static func isClean(_ source: Span<UInt8>) -> Bool {
        for index in source.indices {
            let byte = source[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0xE2 { return false }
        }
        return true
    }

    /// Writes what stands at an index, escaped if it has to be, and returns how many bytes it was.
    private mutating func escape(_ source: Span<UInt8>, at index: Int) -> Int {
        let byte = source[index]
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0..<0x20:
            append("\\u00")
            bytes.append(UInt8.hexDigit(byte >> 4))
            bytes.append(UInt8.hexDigit(byte & 0xF))
        case 0xE2 where source.count - index > 2 && source[index + 1] == 0x80 && source[index + 2] & 0xFE == 0xA8:
            append(source[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
            return 3
        default:
            bytes.append(byte)
        }
        return 1
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { text in unsafe bytes.append(contentsOf: text) }
    }
}

extension ByteBuffer {
    /// Writes one JSON value, which `body` spells.
    ///
    /// - Parameters:
    ///   - capacity: the bytes it will probably have.
    ///   - body: what writes it.
    package mutating func writeJSON(capacity: Int = 512, _ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter(capacity: capacity)
        body(&json)
        writeBytes(json.bytes)
    }

    /// Writes bytes.
    package mutating func writeSpan(_ bytes: Span<UInt8>) {
        // `bytes` is unsafe for element types with padding; UInt8 has none.
        unsafe writeBytes(bytes.bytes)
    }
}
