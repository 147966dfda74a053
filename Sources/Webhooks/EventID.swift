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
        for position in 0..<16 {
            if position == 4 || position == 6 || position == 8 || position == 10 { index += 1 }
            let byte = UInt8(truncatingIfNeeded: (position < 8 ? high : low) >> UInt64(56 - position % 8 * 8))
            characters[index] = UInt8.lowerCaseDigit(byte >> 4)
            characters[index + 1] = UInt8.lowerCaseDigit(byte & 0xF)
            index += 2
        }
        return characters
    }
}

extension UInt8 {
    /// The hexadecimal digit of a value below 16.
    fileprivate static func lowerCaseDigit(_ value: UInt8) -> UInt8 {
        value &+ (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") &- 10)
    }
}

extension ByteBuffer {
    /// Writes the 36 characters of an event id.
    package mutating func writeEventID(_ id: EventID) {
        writeSpan(id.characters.span)
    }
}
