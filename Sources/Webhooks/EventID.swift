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
        for part in 0..<4 {
            // Eight digits at once; hyphens stand in front of the second, third, fourth and fifth group.
            var digits = EventID.digits(
                of: UInt32(truncatingIfNeeded: (part < 2 ? high : low) >> (part % 2 == 0 ? 32 : 0))
            )
            for position in 0..<8 {
                if (part == 1 || part == 2) && position % 4 == 0 { index += 1 }
                characters[index] = UInt8(truncatingIfNeeded: digits >> 56)
                digits <<= 8
                index += 1
            }
        }
        return characters
    }

    /// The eight hexadecimal digits of a number, the first in the highest byte.
    private static func digits(of number: UInt32) -> UInt64 {
        // Spreads the nibbles over the bytes, then adds 48 to each, and 39 more where it is ten or above.
        var nibbles = UInt64(number)
        nibbles = (nibbles << 16 | nibbles) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles << 8 | nibbles) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles << 4 | nibbles) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }
}

extension ByteBuffer {
    /// Writes the 36 characters of an event id.
    package mutating func writeEventID(_ id: EventID) {
        writeSpan(id.characters.span)
    }
}
