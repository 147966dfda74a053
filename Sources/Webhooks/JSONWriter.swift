package import NIOCore

/// Writes JSON (RFC 8259): what it is told in the order it is told, without white space.
///
/// It puts commas and escapes text; that names are not repeated and values stand where they may is the caller's part.
/// A buffer checks itself at every write, and JSON is mostly small writes: so a member goes in as one.
///
///     buffer.writeJSON { json in
///         json.object { json in
///             json.field("leg", leg)
///             json.array("users") { json in json.string(name) }
///         }
///     }
package struct JSONWriter {
    /// What was written so far, behind what stood in it before.
    fileprivate var buffer: ByteBuffer
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
        let text = text.utf8.span
        if JSONWriter.isClean(text) {
            write(name: nil, open: "\"", text, close: "\"")
        } else {
            separate()
            escape(text)
        }
        needsComma = true
    }

    /// Writes the name of a member, whose value has to follow.
    ///
    /// - Parameter name: characters that need no escaping.
    package mutating func name(_ name: StaticString) {
        write(name: name, open: "", Span(), close: "")
        needsComma = false
    }

    /// Writes the name of a member, whose value has to follow.
    package mutating func name(escaping name: String) {
        string(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member with a string.
    package mutating func field(_ name: StaticString, _ text: String) {
        let span = text.utf8.span
        if JSONWriter.isClean(span) {
            write(name: name, open: "\"", span, close: "\"")
        } else {
            self.name(name)
            escape(span)
        }
        needsComma = true
    }

    /// Writes a member with a string, unless there is none: absent is absent.
    package mutating func field(_ name: StaticString, _ text: String?) {
        if let text { field(name, text) }
    }

    /// Writes a member with a string of characters that need no escaping.
    package mutating func field(_ name: StaticString, plain text: Span<UInt8>) {
        write(name: name, open: "\"", text, close: "\"")
        needsComma = true
    }

    /// Writes a member with `true` or `false`.
    package mutating func field(_ name: StaticString, _ value: Bool) {
        write(name: name, open: value ? "true" : "false", Span(), close: "")
        needsComma = true
    }

    /// Writes a member with an integer.
    package mutating func field(_ name: StaticString, _ value: Int) {
        write(name: name, open: "", String(value).utf8.span, close: "")
        needsComma = true
    }

    /// Writes a member whose value is JSON already.
    package mutating func field(_ name: StaticString, json value: ByteBuffer) {
        write(name: name, open: "", value.readableBytesUInt8Span, close: "")
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

    /// Writes a member or an element at once: the comma it may need, its name, and its value between two texts.
    private mutating func write(name: StaticString?, open: StaticString, _ value: Span<UInt8>, close: StaticString) {
        // One more for the comma, three for the punctuation of the name.
        let most = 4 + (name?.utf8CodeUnitCount ?? 0) + open.utf8CodeUnitCount + value.count + close.utf8CodeUnitCount
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { place in
            var pen = unsafe Pen(place)
            if needsComma { pen.write(UInt8(ascii: ",")) }
            if let name {
                pen.write(UInt8(ascii: "\""))
                pen.write(name)
                pen.write(UInt8(ascii: "\""))
                pen.write(UInt8(ascii: ":"))
            }
            pen.write(open)
            pen.write(value)
            pen.write(close)
            return pen.count
        }
    }

    /// Whether nothing in it may need escaping.
    private static func isClean(_ text: Span<UInt8>) -> Bool {
        var isClean = true
        // To the end in any case: without a way out the loop takes many bytes at a time.
        for index in text.indices {
            let byte = text[index]
            isClean =
                isClean && byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0xE2
        }
        return isClean
    }

    /// Writes a string with its quotes.
    ///
    /// Escaped is what RFC 8259, section 7, demands, and U+2028 and U+2029, which end a line in older JavaScript.
    private mutating func escape(_ text: Span<UInt8>) {
        buffer.writeInteger(UInt8(ascii: "\""))
        var index = 0
        while index < text.count { index += escape(text, at: index) }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// Writes what stands at an index, escaped if it has to be, and returns how many bytes it was.
    private mutating func escape(_ source: Span<UInt8>, at index: Int) -> Int {
        let byte = source[index]
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
        case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
        case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
        case 0..<0x20:
            buffer.writeStaticString("\\u00")
            buffer.writeInteger(UInt8.hexDigit(byte >> 4))
            buffer.writeInteger(UInt8.hexDigit(byte & 0xF))
        case 0xE2 where source.count - index > 2 && source[index + 1] == 0x80 && source[index + 2] & 0xFE == 0xA8:
            buffer.writeStaticString(source[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
            return 3
        default:
            buffer.writeInteger(byte)
        }
        return 1
    }
}

/// Writes into memory from its beginning.
///
/// Who makes one has counted: more than the memory holds is a trap. `@safe` since it checks that, and since it stays in
/// the closure that is lent the memory.
@safe private struct Pen {
    private let place: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ place: UnsafeMutableRawBufferPointer) {
        unsafe self.place = unsafe place
    }

    mutating func write(_ byte: UInt8) {
        unsafe precondition(count < place.count)
        unsafe place[count] = byte
        count += 1
    }

    mutating func write(_ text: StaticString) {
        text.withUTF8Buffer { bytes in unsafe copy(UnsafeRawBufferPointer(bytes)) }
    }

    mutating func write(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { bytes in unsafe copy(bytes) }
    }

    private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        unsafe precondition(bytes.count <= place.count - count)
        unsafe UnsafeMutableRawBufferPointer(rebasing: place[count...]).copyMemory(from: bytes)
        count += bytes.count
    }
}

extension ByteBuffer {
    /// Writes one JSON value, which `body` spells.
    ///
    /// - Parameters:
    ///   - capacity: the bytes it will probably have.
    ///   - body: what writes it.
    package mutating func writeJSON(capacity: Int = 512, _ body: (inout JSONWriter) -> Void) {
        reserveCapacity(minimumWritableBytes: capacity)
        // Out of here while it is written to, lest every write find two owners and copy it.
        var json = JSONWriter(self)
        self = ByteBuffer()
        body(&json)
        self = json.buffer
    }

    /// Writes bytes.
    package mutating func writeSpan(_ bytes: Span<UInt8>) {
        // `bytes` is unsafe for element types with padding; UInt8 has none.
        unsafe writeBytes(bytes.bytes)
    }
}
