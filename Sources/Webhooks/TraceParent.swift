/// The trace a request belongs to: W3C Trace Context, section 3.2.
package enum TraceParent {
    /// The `traceparent` of a request; nil when there is none, more than one, or one that is not valid.
    ///
    /// Version 00, or the first part of a later version, as section 4.3 wants it; an invalid one is as good as none.
    package static func of(_ headers: HeaderFields) -> String? {
        guard let value = headers.only(.traceParent), isValid(value) else { return nil }
        return value.utf8.count == length ? value : String(value.prefix(length))
    }

    /// As in `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
    static let length = 55

    private static func isValid(_ value: String) -> Bool {
        let bytes = Array(value.utf8.prefix(length + 1))
        guard bytes.count >= length else { return false }
        let dash = UInt8(ascii: "-")
        for (index, byte) in bytes.prefix(length).enumerated() {
            let isDash = index == 2 || index == 35 || index == 52
            guard isDash ? byte == dash : (48...57).contains(byte) || (97...102).contains(byte) else { return false }
        }
        let zero = UInt8(ascii: "0")
        // Version ff is invalid, and so are ids of zeros only.
        guard bytes[0..<2] != [102, 102], bytes[3..<35].contains(where: { $0 != zero }),
            bytes[36..<52].contains(where: { $0 != zero })
        else { return false }
        if bytes[0] == zero, bytes[1] == zero { return value.utf8.count == length }
        return bytes.count == length || bytes[length] == dash
    }
}
