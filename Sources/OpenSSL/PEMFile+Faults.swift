extension PEMFile {
    /// What the first bytes of a file say that is no PEM; nil when they say nothing.
    static func otherFormat(of bytes: [UInt8]) -> CredentialError.OtherFormat? {
        if bytes.starts(with: [0xFE, 0xED, 0xFE, 0xED]) { return .javaKeyStore }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return .utf16 }
        // DER: a sequence, whose first part tells what it is.
        guard bytes.count > 8, bytes[0] == 0x30 else { return nil }
        let header = bytes[1] < 0x80 ? 2 : 2 + Int(bytes[1] & 0x7F)
        guard header < 7, bytes.count > header + 3 else { return nil }
        switch (bytes[header], bytes[header + 1], bytes[header + 2]) {
        // Version 3 leads a PKCS#12 store (RFC 7292, section 4), 0 or 1 a key (RFC 5958, 8017, 5915).
        case (0x02, 1, 3): return .pkcs12
        case (0x02, 1, 0...1): return .derKey
        // The content's type leads PKCS#7 (RFC 2315, section 7).
        case (0x06, 9, _): return .pkcs7
        // What is signed leads certificates, lists and requests; an algorithm, a sequence as well, an encrypted key.
        case (0x30, _, _): return .derCertificate
        default: return nil
        }
    }

    /// Looks at what is between the lines of blocks; text outside of them is anybody's.
    ///
    /// - Returns: The labels of the blocks in order.
    /// - Throws: `cutShort` or `notBase64`.
    static func labels(in bytes: [UInt8], of name: String) throws(CredentialError) -> [String] {
        var labels: [String] = []
        var open: (label: String, line: Int)?
        var line = 0
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            if let label = boundary("-----BEGIN ", text) {
                if let open { throw .cutShort(file: name, label: open.label, line: open.line) }
                labels.append(label)
                open = (label, line)
            } else if let label = boundary("-----END ", text) {
                if let open, open.label != label { throw .cutShort(file: name, label: open.label, line: open.line) }
                open = nil
            } else if open != nil {
                // The headers of encrypted keys in the traditional form ("DEK-Info: …") have a colon.
                guard text.allSatisfy(isBase64) || text.contains(UInt8(ascii: ":")) else {
                    throw .notBase64(file: name, line: line)
                }
            }
        }
        if let open { throw .cutShort(file: name, label: open.label, line: open.line) }
        return labels
    }

    private static func boundary(_ start: String, _ line: ArraySlice<UInt8>) -> String? {
        guard line.starts(with: start.utf8) else { return nil }
        let text = String(decoding: line.dropFirst(start.utf8.count), as: UTF8.self)
        return text.split(separator: "-----", maxSplits: 1).first.map(String.init)
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="),
            UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"):
            true
        default: false
        }
    }
}
