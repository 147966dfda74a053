package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A moment of the wall clock, in whole milliseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since the epoch.
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Now, by clock_gettime(2), which costs no system call.
    package static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package static func < (a: Timestamp, b: Timestamp) -> Bool {
        a.milliseconds < b.milliseconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// The moment as RFC 3339 writes it: `2026-11-23T06:25:05.123Z`, for years 0 to 9999.
    package var description: String {
        var buffer = ByteBuffer()
        buffer.writeTimestamp(self)
        return String(buffer: buffer)
    }

    /// The same as bytes.
    var characters: InlineArray<24, UInt8> {
        // Civil date from days, after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
        let days = milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
        let ofDay = Int(milliseconds - days * 86_400_000)
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        var text = InlineArray<24, UInt8>(repeating: UInt8(ascii: "-"))
        Timestamp.write(year, 0..<4, &text)
        Timestamp.write(month, 5..<7, &text)
        Timestamp.write(dayOfYear - (153 * marchMonth + 2) / 5 + 1, 8..<10, &text)
        text[10] = UInt8(ascii: "T")
        Timestamp.write(ofDay / 3_600_000, 11..<13, &text)
        text[13] = UInt8(ascii: ":")
        Timestamp.write(ofDay / 60_000 % 60, 14..<16, &text)
        text[16] = UInt8(ascii: ":")
        Timestamp.write(ofDay / 1000 % 60, 17..<19, &text)
        text[19] = UInt8(ascii: ".")
        Timestamp.write(ofDay % 1000, 20..<23, &text)
        text[23] = UInt8(ascii: "Z")
        return text
    }

    /// Puts the last decimal digits of a number into a place, with leading zeros.
    private static func write(_ number: Int, _ place: Range<Int>, _ text: inout InlineArray<24, UInt8>) {
        var rest = number.magnitude
        for index in place.reversed() {
            text[index] = 48 + UInt8(rest % 10)
            rest /= 10
        }
    }
}

extension ByteBuffer {
    /// Writes `2026-11-23T06:25:05.123Z` (RFC 3339), for years 0 to 9999.
    package mutating func writeTimestamp(_ time: Timestamp) {
        writeSpan(time.characters.span)
    }
}
