/// The identity of a request: twelve characters that its reply, its log line and all that is kept of it have in common.
///
/// 60 bits in Crockford's base32: 28 of the second in which it was made, which come again after eight and a half years,
/// and 32 that tell the requests of a second apart. So ids sort by time, and an id that nothing is known of any more
/// still says when it was given out. It is never taken from a request.
package struct RequestID: Sendable, Hashable, CustomStringConvertible {
    /// How many characters it has.
    package static let length = 12
    private static let secondBits: UInt64 = 28
    private static let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    /// The 60 bits.
    package let value: UInt64

    /// - Parameters:
    ///   - second: since 1970; its last 28 bits count.
    ///   - number: tells it from others of that second.
    package init(second: Int64, number: UInt32) {
        value = (UInt64(truncatingIfNeeded: second) & (1 << RequestID.secondBits - 1)) << 32 | UInt64(number)
    }

    /// An id from its characters, as people copy them: in either case, and with O for 0, I and L for 1.
    ///
    /// Nil when they are none of an id.
    package init?(_ text: String) {
        guard text.utf8.count == RequestID.length else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8 {
            guard let digit = RequestID.digit(byte) else { return nil }
            value = value << 5 | digit
        }
        self.value = value
    }

    package var description: String {
        let characters = characters
        return unsafe String(unsafeUninitializedCapacity: RequestID.length) { text in
            for index in characters.indices { unsafe text[index] = characters[index] }
            return RequestID.length
        }
    }

    /// The same as bytes.
    package var characters: InlineArray<12, UInt8> {
        var characters = InlineArray<12, UInt8>(repeating: 0)
        RequestID.alphabet.withUTF8Buffer { alphabet in
            for index in 0..<RequestID.length {
                characters[index] = unsafe alphabet[Int(value >> UInt64(55 - 5 * index) & 31)]
            }
        }
        return characters
    }

    /// When it was made, to the second: the last such moment that is not later than `now`.
    package func moment(before now: Timestamp) -> Timestamp {
        let period = Int64(1) << Int64(RequestID.secondBits)
        let second = Int64(value >> 32)
        let last = now.milliseconds / 1000
        let periods = (last - second) / period
        return Timestamp(milliseconds: (second + max(0, periods) * period) * 1000)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        let capital = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte & ~0x20 : byte
        switch capital {
        case UInt8(ascii: "O"): return 0
        case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
        default:
            return alphabet.withUTF8Buffer { alphabet in
                unsafe alphabet.firstIndex(of: capital).map(UInt64.init)
            }
        }
    }
}
