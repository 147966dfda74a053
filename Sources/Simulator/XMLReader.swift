/// Reads the XML that a reply may consist of (XML 1.0, without DTD, CDATA, comments and processing instructions).
///
/// Total: any bytes give an element or a problem with its place. What it refuses is legal XML somewhere, but nothing that
/// a telephone provider should have to understand.
package struct XMLReader {
    /// What is wrong and at which byte, from 0.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let message: String
        package let offset: Int

        package var description: String { "\(message) at byte \(offset)" }
    }

    /// Elements in elements; `Response/Gather/Play/Url` is the deepest there is.
    private static let maxDepth = 8

    private let bytes: [UInt8]
    private var index = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The root element of a document.
    package static func parse(_ bytes: [UInt8]) throws(Problem) -> XMLElement {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Problem(message: "the document is not UTF-8", offset: 0)
        }
        var reader = XMLReader(bytes)
        try reader.declaration()
        reader.skipSpace()
        let root = try reader.element(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.problem("something follows the root element") }
        return root
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>`, if it is there.
    private mutating func declaration() throws(Problem) {
        guard take("<?xml") else { return }
        let attributes = try attributes()
        guard take("?>") else { throw problem("the XML declaration does not end") }
        guard attributes.first == XMLElement.Attribute(name: "version", value: "1.0") else {
            throw problem("the XML declaration has no version 1.0")
        }
        for attribute in attributes.dropFirst() {
            switch (attribute.name, attribute.value.lowercased()) {
            case ("encoding", "utf-8"), ("standalone", "yes"), ("standalone", "no"): break
            default: throw problem("the XML declaration has an unknown \(attribute.name)")
            }
        }
    }

    private mutating func element(depth: Int) throws(Problem) -> XMLElement {
        guard depth < XMLReader.maxDepth else { throw problem("elements are nested too deep") }
        guard take("<") else { throw problem("an element should begin here") }
        let name = try name()
        let attributes = try attributes()
        if take("/>") { return XMLElement(name: name, attributes: attributes, content: []) }
        guard take(">") else { throw problem("the tag `\(name)` does not end") }
        var content: [XMLElement.Content] = []
        while true {
            guard index < bytes.count else { throw problem("the element `\(name)` does not end") }
            if take("</") {
                guard try self.name() == name else { throw problem("the end tag does not match `\(name)`") }
                skipSpace()
                guard take(">") else { throw problem("the end tag of `\(name)` does not end") }
                return XMLElement(name: name, attributes: attributes, content: content)
            }
            if bytes[index] == UInt8(ascii: "<") {
                content.append(.element(try element(depth: depth + 1)))
            } else {
                content.append(.text(try text(until: UInt8(ascii: "<"))))
            }
        }
    }

    private mutating func attributes() throws(Problem) -> [XMLElement.Attribute] {
        var attributes: [XMLElement.Attribute] = []
        while true {
            let hadSpace = skipSpace()
            guard index < bytes.count, XMLReader.isNameStart(bytes[index]) else { return attributes }
            guard hadSpace else { throw problem("a blank is missing before an attribute") }
            let name = try name()
            skipSpace()
            guard take("=") else { throw problem("the attribute `\(name)` has no value") }
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") else {
                throw problem("the value of `\(name)` has no quotes")
            }
            let quote = bytes[index]
            index += 1
            let value = try text(until: quote)
            guard index < bytes.count else { throw problem("the value of `\(name)` does not end") }
            index += 1
            guard !attributes.contains(where: { $0.name == name }) else {
                throw problem("the attribute `\(name)` is given twice")
            }
            attributes.append(XMLElement.Attribute(name: name, value: value))
        }
    }

    /// Text up to a byte, which stays; references are resolved.
    private mutating func text(until end: UInt8) throws(Problem) -> String {
        var text: [UInt8] = []
        while index < bytes.count, bytes[index] != end {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "<"): throw problem("a `<` stands in a value")
            case UInt8(ascii: "&"): text += try reference()
            case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x80...0xFF:
                text.append(byte)
                index += 1
            default: throw problem("a control character stands in the text")
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func reference() throws(Problem) -> [UInt8] {
        let start = index
        let named: [(String, UInt8)] = [("&lt;", 60), ("&gt;", 62), ("&amp;", 38), ("&quot;", 34), ("&apos;", 39)]
        for (name, byte) in named where take(name) { return [byte] }
        guard take("&#") else { throw problem("an unknown reference") }
        let radix = take("x") ? 16 : 10
        var digits = ""
        while index < bytes.count, bytes[index] != UInt8(ascii: ";"), digits.utf8.count < 8 {
            digits.unicodeScalars.append(Unicode.Scalar(bytes[index]))
            index += 1
        }
        guard take(";"), digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let number = UInt32(digits, radix: radix), let scalar = Unicode.Scalar(number),
            number >= 0x20 || [9, 10, 13].contains(number), number != 0xFFFE, number != 0xFFFF
        else { throw Problem(message: "a broken character reference", offset: start) }
        return Array(String(scalar).utf8)
    }

    private mutating func name() throws(Problem) -> String {
        let start = index
        while index < bytes.count,
            XMLReader.isNameStart(bytes[index]) || index > start && XMLReader.isName(bytes[index])
        {
            index += 1
        }
        guard index > start else { throw problem("a name should stand here") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = index
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        return index > start
    }

    private func problem(_ message: String) -> Problem {
        Problem(message: message, offset: index)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
    }
}
