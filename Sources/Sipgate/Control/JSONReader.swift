package import NIOCore

/// Why a text was not taken for JSON: where, and which rule it breaks, in words without any of the text.
package struct JSONProblem: Error, Sendable, Equatable {
    /// The innermost value around the place.
    package let pointer: JSONPointer
    /// The rule, with the offset of the byte that breaks it.
    package let rule: String
}

/// Reads JSON (RFC 8259), strictly, as backends and the journal write it.
///
/// Total: every input gives a tree or a problem, in time proportional to its length and with a stack no deeper than
/// the limit. Stricter than the standard in one point: a member that comes twice is refused, not chosen from.
package struct JSONReader {
    /// How much JSON is read at all.
    package struct Limits: Sendable {
        /// Bytes of the document.
        package var bytes: Int
        /// Lists and objects within each other.
        package var depth: Int
        /// Elements of a list, and members of an object, which are compared with each other.
        package var items: Int

        package init(bytes: Int, depth: Int, items: Int) {
            self.bytes = bytes
            self.depth = depth
            self.items = items
        }
    }

    private let bytes: [UInt8]
    private let limits: Limits
    private var index = 0

    /// The value that a document holds.
    ///
    /// - Parameters:
    ///   - document: The whole of it.
    ///   - limits: What is refused for its size.
    /// - Returns: The value.
    /// - Throws: The first rule that it breaks.
    package static func read(_ document: ByteBuffer, limits: Limits) throws(JSONProblem) -> JSONTree {
        guard document.readableBytes <= limits.bytes else {
            throw JSONProblem(pointer: .root, rule: "a document has \(limits.bytes) bytes at most")
        }
        var reader = JSONReader(bytes: Array(document.readableBytesView), limits: limits)
        return try reader.document()
    }

    private init(bytes: [UInt8], limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    private mutating func document() throws(JSONProblem) -> JSONTree {
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONProblem(pointer: .root, rule: "the document is not valid UTF-8")
        }
        skipBlanks()
        let value = try value(at: .root, depth: 0)
        skipBlanks()
        guard index == bytes.count else { throw problem(.root, "nothing may follow the value") }
        return value
    }

    private mutating func value(at place: JSONPointer, depth: Int) throws(JSONProblem) -> JSONTree {
        guard let byte = next else { throw problem(place, "a value is expected") }
        switch byte {
        case UInt8(ascii: "{"):
            return .object(try members(at: place, depth: depth + 1))
        case UInt8(ascii: "["):
            return .array(try elements(at: place, depth: depth + 1))
        case UInt8(ascii: "\""):
            return .text(try string(at: place))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number(at: place))
        case UInt8(ascii: "t") where take("true"):
            return .bool(true)
        case UInt8(ascii: "f") where take("false"):
            return .bool(false)
        case UInt8(ascii: "n") where take("null"):
            return .null
        default:
            throw problem(place, "a value is expected")
        }
    }

    private mutating func elements(at place: JSONPointer, depth: Int) throws(JSONProblem) -> [JSONTree] {
        try open(at: place, depth: depth)
        var elements: [JSONTree] = []
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            guard elements.count < limits.items else {
                throw problem(place, "a list has \(limits.items) elements at most")
            }
            elements.append(try value(at: place.element(elements.count), depth: depth))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw problem(place, "a comma or the end of the list is expected") }
            skipBlanks()
        }
    }

    private mutating func members(at place: JSONPointer, depth: Int) throws(JSONProblem) -> [JSONTree.Member] {
        try open(at: place, depth: depth)
        var members: [JSONTree.Member] = []
        if take(UInt8(ascii: "}")) { return members }
        while true {
            guard members.count < limits.items else {
                throw problem(place, "an object has \(limits.items) members at most")
            }
            guard next == UInt8(ascii: "\"") else { throw problem(place, "a name in quotes is expected") }
            let name = try string(at: place)
            // By bytes: to ==, a letter and its decomposed form are one, but as names of members they are two.
            guard !members.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                throw problem(place.member(name), "a member comes once")
            }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw problem(place.member(name), "a colon is expected") }
            skipBlanks()
            members.append(JSONTree.Member(name: name, value: try value(at: place.member(name), depth: depth)))
            skipBlanks()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw problem(place, "a comma or the end of the object is expected") }
            skipBlanks()
        }
    }

    /// Passes the opening bracket, if there may be one more.
    private mutating func open(at place: JSONPointer, depth: Int) throws(JSONProblem) {
        guard depth <= limits.depth else {
            throw problem(place, "lists and objects are nested \(limits.depth) deep at most")
        }
        index += 1
        skipBlanks()
    }

    /// Takes a number as it is written (RFC 8259, section 6).
    private mutating func number(at place: JSONPointer) throws(JSONProblem) -> String {
        let start = index
        _ = take(UInt8(ascii: "-"))
        let first = index
        try digits(at: place)
        guard bytes[first] != UInt8(ascii: "0") || index == first + 1 else {
            throw problem(place, "a number does not begin with zeros")
        }
        if take(UInt8(ascii: ".")) { try digits(at: place) }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits(at: place)
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits(at place: JSONPointer) throws(JSONProblem) {
        let start = index
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { index += 1 }
        guard index > start else { throw problem(place, "a digit is expected") }
    }

    /// Takes a string, its quotes included (RFC 8259, section 7).
    private mutating func string(at place: JSONPointer) throws(JSONProblem) -> String {
        index += 1
        let start = index
        var unescaped: [UInt8]?
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: unescaped ?? Array(bytes[start..<index - 1]), as: UTF8.self)
            case UInt8(ascii: "\\"):
                var text = unescaped ?? Array(bytes[start..<index - 1])
                text.append(contentsOf: String(try escape(at: place)).utf8)
                unescaped = text
            case 0..<0x20:
                index -= 1
                throw problem(place, "a control character stands in a string only as an escape")
            default:
                unescaped?.append(byte)
            }
        }
        throw problem(place, "a string ends with a quote")
    }

    private mutating func escape(at place: JSONPointer) throws(JSONProblem) -> Unicode.Scalar {
        guard let byte = next else { throw problem(place, "a string ends with a quote") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codePoint(at: place)
        default: throw problem(place, "no such escape")
        }
    }

    /// Takes four digits, or the eight and the escape between them that stand for one character beyond U+FFFF.
    private mutating func codePoint(at place: JSONPointer) throws(JSONProblem) -> Unicode.Scalar {
        let unit = try codeUnit(at: place)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let isPair = unit < 0xDC00 && take(UInt8(ascii: "\\")) && take(UInt8(ascii: "u"))
        let low = isPair ? try codeUnit(at: place) : 0
        guard 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw problem(place, "half of a surrogate pair is no character") }
        return scalar
    }

    private mutating func codeUnit(at place: JSONPointer) throws(JSONProblem) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw problem(place, "four hexadecimal digits are expected")
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    private func problem(_ place: JSONPointer, _ rule: String) -> JSONProblem {
        JSONProblem(pointer: place, rule: index < bytes.count ? "byte \(index): \(rule)" : "at the end: \(rule)")
    }
}
