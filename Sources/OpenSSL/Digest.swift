/// Thirty-two bytes that came out of SHA-256 or HMAC-SHA256: a value that fits in registers and keys a dictionary.
///
/// Equality looks at every bit whatever it has seen, so comparing a digest with one that a stranger sent tells
/// nothing by its duration.
package struct Digest: Sendable, Hashable {
    /// The bytes as four words in memory order.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Lets `body` write all of the bytes.
    init<Failure: Error>(writing body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        try withUnsafeMutableBytes(of: &words) { bytes throws(Failure) in try body(bytes) }
    }

    /// The digest with these bytes, for example one that was sent; nil unless there are exactly 32.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count == 32 else { return nil }
        bytes.withUnsafeBytes { source in
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: source) }
        }
    }

    /// The digest in hexadecimal, as `description` has it; nil for other text.
    package init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = Digest.value(of: digits[index]), let low = Digest.value(of: digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes.span)
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// The bytes as an array without allocation.
    package var bytes: InlineArray<32, UInt8> {
        withUnsafeBytes(of: words) { $0.loadUnaligned(as: InlineArray<32, UInt8>.self) }
    }

    /// The first eight bytes: a short key where 64 bits are enough.
    package var prefix: UInt64 { UInt64(bigEndian: words.0) }

    package static func == (left: Digest, right: Digest) -> Bool {
        let difference =
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
            | (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3)
        return difference == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension Digest: CustomStringConvertible {
    /// Lower-case hexadecimal, 64 characters.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return withUnsafeBytes(of: words) { bytes in
            String(unsafeUninitializedCapacity: 64) { text in
                for (index, byte) in bytes.enumerated() {
                    text[2 * index] = digits[Int(byte >> 4)]
                    text[2 * index + 1] = digits[Int(byte & 15)]
                }
                return 64
            }
        }
    }
}
