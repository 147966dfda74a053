package import NIOCore

/// The identity of an event: a UUID of version 7 (RFC 9562, section 5.7), so ids sort by time of acceptance.
package struct EventID: Sendable, Hashable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    /// Builds the id from the moment of acceptance and 74 random bits.
    package init(time: Timestamp, random: (UInt64, UInt64)) {
        high = UInt64(truncatingIfNeeded: time.milliseconds) << 16 | 0x7000 | random.0 & 0x0FFF
        low = 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF
    }

    /// An id that was kept as its two halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An id from its 36 characters, RFC 9562, section 4, in either case; nil when they are none of a UUID.
    package init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            words.0 = words.0 << 4 | words.1 >> 60
            words.1 = words.1 << 4 | UInt64(digit)
        }
        self.init(high: words.0, low: words.1)
    }

    /// The 36 characters of RFC 9562, section 4, in lower case.
    package var description: String {
        var buffer = ByteBuffer()
        buffer.writeEventID(self)
        return String(buffer: buffer)
    }

    /// The same as bytes.
    var characters: InlineArray<36, UInt8> {
        var characters = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        var index = 0
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { index += 1 }
            let word = nibble < 16 ? high : low
            let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - nibble % 16 * 4)) & 0xF
            characters[index] = value < 10 ? 48 + value : 87 + value
            index += 1
        }
        return characters
    }
}

extension ByteBuffer {
    /// Writes the 36 characters of an event id.
    package mutating func writeEventID(_ id: EventID) {
        writeSpan(id.characters.span)
    }
}
