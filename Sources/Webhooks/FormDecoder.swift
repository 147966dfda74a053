package import NIOCore

/// Decodes `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), stricter than the standard where it guesses.
///
/// Split at `&` only, empty pairs skipped, the first `=` separates, plus is a blank, percent-decoding happens once. Where
/// the standard repairs, this refuses: an escape without two hex digits, and bytes that are no UTF-8, in keys and values
/// of any field. Total: every input gives fields or a rejection.
package enum FormDecoder {
    /// Pairs in one form. A group of 120 members sends about 400; hash-flooding lists send many thousands.
    package static let maxFields = 1024

    /// Decodes a whole form.
    ///
    /// - Throws: `invalid_percent_encoding`, `invalid_utf8` or `too_many_fields`.
    package static func decode(_ body: ByteBuffer) throws(Rejection) -> FormFields {
        try decode(body.readableBytesUInt8Span)
    }

    /// Decodes a whole form.
    ///
    /// - Throws: `invalid_percent_encoding`, `invalid_utf8` or `too_many_fields`.
    package static func decode(_ form: Span<UInt8>) throws(Rejection) -> FormFields {
        var fields = FormFields()
        fields.bytes.reserveCapacity(form.count)
        fields.extents.reserveCapacity(16)
        var index = 0
        while index < form.count {
            if form[index] == UInt8(ascii: "&") {
                index += 1
                continue
            }
            guard fields.extents.count < maxFields else {
                throw Rejection(.tooManyFields)
            }
            let key = fields.bytes.count
            try decodePiece(form, &index, stopsAtEquals: true, into: &fields.bytes)
            let value = fields.bytes.count
            if index < form.count, form[index] == UInt8(ascii: "=") {
                index += 1
                try decodePiece(form, &index, stopsAtEquals: false, into: &fields.bytes)
            }
            fields.extents.append(.init(key: key, value: value, end: fields.bytes.count))
        }
        return fields
    }

    /// Decodes up to the next separator, and checks what came out.
    private static func decodePiece(
        _ form: Span<UInt8>,
        _ index: inout Int,
        stopsAtEquals: Bool,
        into bytes: inout [UInt8]
    ) throws(Rejection) {
        let start = bytes.count
        var union: UInt8 = 0
        loop: while index < form.count {
            var byte = form[index]
            switch byte {
            case UInt8(ascii: "&"):
                break loop
            case UInt8(ascii: "=") where stopsAtEquals:
                break loop
            case UInt8(ascii: "+"):
                byte = UInt8(ascii: " ")
                index += 1
            case UInt8(ascii: "%"):
                guard index + 2 < form.count, let high = hex(form[index + 1]), let low = hex(form[index + 2]) else {
                    throw Rejection(.invalidPercentEncoding)
                }
                byte = high << 4 | low
                index += 3
            default:
                index += 1
            }
            union |= byte
            bytes.append(byte)
        }
        // Almost every piece is ASCII.
        guard union >= 0x80 else { return }
        do {
            _ = try UTF8Span(validating: bytes.span.extracting(start..<bytes.count))
        } catch {
            throw Rejection(.invalidUTF8)
        }
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
