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

extension ByteBuffer {
    /// Writes `2026-11-23T06:25:05.123Z` (RFC 3339), for years 0 to 9999.
    package mutating func writeTimestamp(_ time: Timestamp) {
        // Civil date from days, after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
        let ms = time.milliseconds
        let days = ms >= 0 ? ms / 86_400_000 : (ms - 86_399_999) / 86_400_000
        let ofDay = Int(ms - days * 86_400_000)
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        writeDigits(year, 4)
        writeInteger(UInt8(ascii: "-"))
        writeDigits(month, 2)
        writeInteger(UInt8(ascii: "-"))
        writeDigits(day, 2)
        writeInteger(UInt8(ascii: "T"))
        writeDigits(ofDay / 3_600_000, 2)
        writeInteger(UInt8(ascii: ":"))
        writeDigits(ofDay / 60_000 % 60, 2)
        writeInteger(UInt8(ascii: ":"))
        writeDigits(ofDay / 1000 % 60, 2)
        writeInteger(UInt8(ascii: "."))
        writeDigits(ofDay % 1000, 3)
        writeInteger(UInt8(ascii: "Z"))
    }

    /// Writes the last `count` decimal digits of a number, with leading zeros.
    private mutating func writeDigits(_ number: Int, _ count: Int) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            writeInteger(UInt8(48 + (number / divisor) % 10))
            divisor /= 10
        }
    }
}
