import NIOCore
package import Webhooks

/// One element of a forwarding field: whom a proxy was asked by (RFC 7239, sections 4 and 6).
package enum ForwardedNode {
    /// The value of the `for` parameter, without quotes; nil when there is none, or more than one, or the element is cut.
    static func parameter(of element: Substring) -> String? {
        var found: String?
        var rest = element
        while !rest.isEmpty {
            guard let equals = rest.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = trimmed(rest[..<equals])
            rest = rest[rest.utf8.index(after: equals)...]
            guard let value = takeValue(&rest) else { return nil }
            if String(name).equalsIgnoringCase("for") {
                guard found == nil else { return nil }
                found = value
            }
            rest = trimmed(rest)
            guard !rest.isEmpty else { break }
            guard rest.utf8.first == UInt8(ascii: ";") else { return nil }
            rest = trimmed(rest.dropFirst())
        }
        return found
    }

    /// A token up to the next semicolon, or a quoted string.
    private static func takeValue(_ rest: inout Substring) -> String? {
        guard rest.utf8.first == UInt8(ascii: "\"") else {
            let end = rest.utf8.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex
            defer { rest = rest[end...] }
            return String(trimmed(rest[..<end]))
        }
        rest = rest.dropFirst()
        var value = ""
        while let next = rest.unicodeScalars.popFirst() {
            switch next {
            case "\"": return value
            case "\\":
                guard let escaped = rest.unicodeScalars.popFirst() else { return nil }
                value.unicodeScalars.append(escaped)
            default: value.unicodeScalars.append(next)
            }
        }
        return nil
    }

    /// An address with or without a port, an IPv6 one with or without brackets; nil for `unknown`, hidden names and all else.
    package static func address(_ text: Substring) -> ClientAddress? {
        let host: Substring
        if text.utf8.first == UInt8(ascii: "[") {
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = text.dropFirst().prefix(upTo: end)
            let port = text[text.utf8.index(after: end)...]
            guard host.utf8.contains(UInt8(ascii: ":")), port.isEmpty || isPort(port) else { return nil }
        } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            colon == text.utf8.lastIndex(of: UInt8(ascii: ":"))
        {
            host = text[..<colon]
            guard isPort(text[colon...]) else { return nil }
        } else {
            host = text
        }
        // Longer than any address: none is looked for.
        guard host.utf8.count <= 45, let address = try? SocketAddress(ipAddress: String(host), port: 0) else {
            return nil
        }
        return ClientAddress(address)
    }

    /// A colon with digits, or with a hidden name.
    private static func isPort(_ text: Substring) -> Bool {
        let port = text.utf8.dropFirst()
        guard text.utf8.first == UInt8(ascii: ":"), let first = port.first else { return false }
        if first != UInt8(ascii: "_") { return port.count <= 5 && port.allSatisfy { (48...57).contains($0) } }
        return port.dropFirst().allSatisfy { byte in
            (48...57).contains(byte) || (97...122).contains(byte | 0x20) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
    }

    static func trimmed(_ text: Substring) -> Substring {
        let bytes = text.utf8
        guard let start = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text[start...last]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
