package import NIOCore

/// Decodes `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), strictly.
///
/// Pairs are split at `&` alone, and empty ones skipped; the first `=` ends the name; a plus is a blank; a percent sign
/// needs two hexadecimal digits; names and values are valid UTF-8, each by itself. One pass: chunks may be cut anywhere,
/// also inside a triplet or a character, and give what the whole gives.
///
/// It is total, and safe for content of any size: it keeps at most the bytes it was given.
package struct FormDecoder: ~Copyable {
    /// Pairs in one form: a group call has some three per member, and a flood of tiny pairs costs memory and time.
    package static let maxPairs = 1024

    private enum Escape {
        case none
        case percent
        case digit(UInt8)
    }

    private var fields = FormFields()
    private var escape = Escape.none
    /// Where the current pair begins, and where its name ended if its equals sign was seen.
    private var start = 0
    private var nameEnd: Int?
    /// All decoded bytes or-ed together: the highest bit says whether there is anything to validate.
    private var union: UInt8 = 0

    package init() {}

    /// The fields of content that is there as a whole.
    ///
    /// - Parameter body: the content, which is read and not moved.
    /// - Returns: its pairs.
    /// - Throws: a `Rejection` for `invalid_percent_encoding`, `invalid_utf8` or `too_many_fields`.
    package static func decode(_ body: ByteBuffer) throws(Rejection) -> FormFields {
        var decoder = FormDecoder()
        try decoder.consume(body.readableBytesUInt8Span)
        return try decoder.finish()
    }

    /// Decodes the next chunk; after it threw, the decoder is of no more use.
    ///
    /// - Parameter chunk: any number of bytes.
    /// - Throws: a `Rejection` for `invalid_percent_encoding` or `too_many_fields`.
    package mutating func consume(_ chunk: Span<UInt8>) throws(Rejection) {
        var bytes: [UInt8] = []
        swap(&bytes, &fields.bytes)
        var end = bytes.count
        // Every byte that goes in gives at most one that comes out.
        if bytes.isEmpty {
            fields.pairs.reserveCapacity(16)
            bytes = [UInt8](repeating: 0, count: chunk.count)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: chunk.count))
        }
        var output = bytes.mutableSpan
        var index = 0
        while index < chunk.count {
            if case .none = escape {
                // Most bytes stand for themselves: a short loop for them alone.
                var bits: UInt8 = 0
                while index < chunk.count {
                    let byte = chunk[index]
                    if FormDecoder.isSyntax(byte) { break }
                    output[end] = byte
                    end += 1
                    bits |= byte
                    index += 1
                }
                union |= bits
                if index == chunk.count { break }
                // A triplet that is not cut needs no state.
                if chunk[index] == UInt8(ascii: "%"), chunk.count - index > 2,
                    let high = FormDecoder.digit(chunk[index + 1]), let low = FormDecoder.digit(chunk[index + 2])
                {
                    output[end] = high << 4 | low
                    union |= output[end]
                    end += 1
                    index += 3
                    continue
                }
            }
            if let byte = try take(chunk[index], at: end) {
                output[end] = byte
                end += 1
            }
            index += 1
        }
        bytes.removeLast(bytes.count - end)
        swap(&bytes, &fields.bytes)
    }

    /// Ends the form.
    ///
    /// - Returns: all pairs.
    /// - Throws: a `Rejection` for what is wrong with the last pair, or for `invalid_utf8` anywhere.
    package consuming func finish() throws(Rejection) -> FormFields {
        guard case .none = escape else { throw Rejection(.invalidPercentEncoding) }
        try endPair(at: fields.bytes.count)
        if union >= 0x80 {
            // The zero bytes between names and values keep halves of a character from meeting.
            do { _ = try UTF8Span(validating: fields.bytes.span) } catch { throw Rejection(.invalidUTF8) }
        }
        fields.isASCII = union < 0x80
        return fields
    }

    /// Takes a byte in, and returns the one it gives, if any, for the place `end`.
    private mutating func take(_ byte: UInt8, at end: Int) throws(Rejection) -> UInt8? {
        switch escape {
        case .none:
            switch byte {
            case UInt8(ascii: "&"):
                try endPair(at: end)
                start = end + 1
                return 0
            case UInt8(ascii: "=") where nameEnd == nil:
                nameEnd = end
                return 0
            case UInt8(ascii: "+"):
                return UInt8(ascii: " ")
            case UInt8(ascii: "%"):
                escape = .percent
                return nil
            default:
                union |= byte
                return byte
            }
        case .percent:
            guard let digit = FormDecoder.digit(byte) else { throw Rejection(.invalidPercentEncoding) }
            escape = .digit(digit)
            return nil
        case .digit(let high):
            guard let low = FormDecoder.digit(byte) else { throw Rejection(.invalidPercentEncoding) }
            escape = .none
            union |= high << 4 | low
            return high << 4 | low
        }
    }

    /// Keeps the pair that ends here, unless it is empty.
    private mutating func endPair(at end: Int) throws(Rejection) {
        guard nameEnd != nil || end > start else { return }
        guard fields.pairs.count < FormDecoder.maxPairs else { throw Rejection(.tooManyFields) }
        if let nameEnd {
            fields.pairs.append(FormFields.Pair(name: start..<nameEnd, value: nameEnd + 1..<end))
        } else {
            fields.pairs.append(FormFields.Pair(name: start..<end, value: end..<end))
        }
        nameEnd = nil
    }

    /// A bit for each of `%`, `&`, `+` and `=`.
    private static let syntax: UInt64 = 1 << 0x25 | 1 << 0x26 | 1 << 0x2B | 1 << 0x3D

    private static func isSyntax(_ byte: UInt8) -> Bool {
        byte < 64 && syntax &>> UInt64(byte) & 1 == 1
    }

    /// The value of a hexadecimal digit in either case.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
