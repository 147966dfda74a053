package import NIOCore

/// Writes JSON (RFC 8259): what it is told in the order it is told, without white space.
///
/// It puts commas and escapes text; that names are not repeated and values stand where they may is the caller's part.
/// It writes straight into the memory of a `ByteBuffer`: a buffer checks itself at every write, and JSON is mostly small
/// writes. What finds no room is counted and not written, and `writeJSON` begins again with as much as it takes.
///
///     buffer.writeJSON { json in
///         json.object { json in
///             json.field("leg", leg)
///             json.array("users") { json in json.string(name) }
///         }
///     }
@safe package struct JSONWriter: ~Copyable {
    // `@safe`: nothing is written behind `capacity`, and since it cannot be copied it does not leave `writeJSON`.
    private let place: UnsafeMutableRawPointer
    private let capacity: Int
    /// Bytes so far, also those that found no room.
    fileprivate private(set) var count = 0
    /// True after a value, which the next member or element has to be set apart from.
    private var needsComma = false

    fileprivate init(_ place: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.place = unsafe place
        self.capacity = capacity
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
        put(UInt8(ascii: "\""))
        put(name)
        put(UInt8(ascii: "\""))
        put(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes the name of a member, whose value has to follow.
    package mutating func name(escaping name: String) {
        string(name)
        put(UInt8(ascii: ":"))
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
        put(UInt8(ascii: "\""))
        put(text)
        put(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a member with `true` or `false`.
    package mutating func field(_ name: StaticString, _ value: Bool) {
        self.name(name)
        put(value ? "true" : "false")
        needsComma = true
    }

    /// Writes a member with an integer.
    package mutating func field(_ name: StaticString, _ value: Int) {
        self.name(name)
        put(String(value).utf8.span)
        needsComma = true
    }

    /// Writes an integer.
    package mutating func number(_ value: Int) {
        separate()
        put(String(value).utf8.span)
    }

    /// Writes a value that is JSON already and needs no escaping: a number, `true`, `false` or `null`.
    package mutating func token(_ text: String) {
        separate()
        put(text.utf8.span)
    }

    /// Writes a member whose value is JSON already.
    package mutating func field(_ name: StaticString, json value: ByteBuffer) {
        self.name(name)
        put(value.readableBytesUInt8Span)
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        put(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        put(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { put(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Writes a string with its quotes.
    ///
    /// Escaped is what RFC 8259, section 7, demands, and U+2028 and U+2029, which end a line in older JavaScript.
    private mutating func write(_ text: Span<UInt8>) {
        if writePlain(text) { return }
        put(UInt8(ascii: "\""))
        var index = 0
        while index < text.count { index += escape(text, at: index) }
        put(UInt8(ascii: "\""))
    }

    /// Writes a string with its quotes if there is room for it and nothing in it may need escaping; else nothing.
    private mutating func writePlain(_ text: Span<UInt8>) -> Bool {
        let length = text.count
        guard length <= capacity - count - 2 else { return false }
        // Behind the quotation mark; every write below ends at `length` at the latest.
        let start = unsafe place.advanced(by: count + 1)
        var index = 0
        if length >= 8 {
            while index < length {
                // The last word overlaps the one before it: hardly a text has a length that is a multiple of eight.
                index = min(index, length - 8)
                let word = JSONWriter.word(text, at: index)
                if JSONWriter.mayNeedEscaping(word) { return false }
                unsafe start.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
                index += 8
            }
        } else {
            while index < length {
                let byte = text[index]
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0xE2 {
                    return false
                }
                unsafe start.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
                index += 1
            }
        }
        put(UInt8(ascii: "\""))
        count += length
        put(UInt8(ascii: "\""))
        return true
    }

    /// Eight bytes as a number, in whatever order.
    private static func word(_ text: Span<UInt8>, at index: Int) -> UInt64 {
        // Traps past the end, and any bits are a number.
        unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
    }

    /// Whether one of eight bytes is a control character, a quotation mark, a backslash or 0xE2.
    ///
    /// After "Determine if a word has a byte less than n" in Sean Eron Anderson's Bit Twiddling Hacks: a byte that equals
    /// another is one whose difference is less than one.
    private static func mayNeedEscaping(_ word: UInt64) -> Bool {
        let each: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ each &* 0x22
        let backslashes = word ^ each &* 0x5C
        let lead = word ^ each &* 0xE2
        let found =
            (word &- each &* 0x20) & ~word | (quotes &- each) & ~quotes | (backslashes &- each) & ~backslashes
            | (lead &- each) & ~lead
        return found & (each &* 0x80) != 0
    }

    /// Writes what stands at an index, escaped if it has to be, and returns how many bytes it was.
    private mutating func escape(_ source: Span<UInt8>, at index: Int) -> Int {
        let byte = source[index]
        switch byte {
        case UInt8(ascii: "\""): put("\\\"")
        case UInt8(ascii: "\\"): put("\\\\")
        case UInt8(ascii: "\n"): put("\\n")
        case UInt8(ascii: "\r"): put("\\r")
        case UInt8(ascii: "\t"): put("\\t")
        case 0..<0x20:
            put("\\u00")
            put(UInt8.hexDigit(byte >> 4))
            put(UInt8.hexDigit(byte & 0xF))
        case 0xE2 where source.count - index > 2 && source[index + 1] == 0x80 && source[index + 2] & 0xFE == 0xA8:
            put(source[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
            return 3
        default:
            put(byte)
        }
        return 1
    }

    private mutating func put(_ byte: UInt8) {
        if count < capacity { unsafe place.storeBytes(of: byte, toByteOffset: count, as: UInt8.self) }
        count += 1
    }

    private mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { bytes in unsafe put(UnsafeRawBufferPointer(bytes)) }
    }

    private mutating func put(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { bytes in unsafe put(bytes) }
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count <= capacity - count, let source = bytes.baseAddress {
            unsafe place.advanced(by: count).copyMemory(from: source, byteCount: bytes.count)
        }
        count += bytes.count
    }
}

extension ByteBuffer {
    /// Writes one JSON value, which `body` spells.
    ///
    /// - Parameters:
    ///   - capacity: the bytes it will probably have.
    ///   - body: what writes it; called again if the capacity was too small.
    package mutating func writeJSON(capacity: Int = 512, _ body: (inout JSONWriter) -> Void) {
        var needed = capacity
        while true {
            let written = unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: max(1, needed)) { place in
                guard let start = place.baseAddress else { return 0 }
                var json = unsafe JSONWriter(start, capacity: place.count)
                body(&json)
                needed = json.count
                return needed <= place.count ? needed : 0
            }
            if written == needed { return }
        }
    }

    /// Overwrites bytes from an index on.
    package mutating func setSpan(_ bytes: Span<UInt8>, at index: Int) {
        // `bytes` is unsafe for element types with padding; UInt8 has none.
        unsafe setBytes(bytes.bytes, at: index)
    }

    /// Writes bytes.
    package mutating func writeSpan(_ bytes: Span<UInt8>) {
        // `bytes` is unsafe for element types with padding; UInt8 has none.
        unsafe writeBytes(bytes.bytes)
    }
}
