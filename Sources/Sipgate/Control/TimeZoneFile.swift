/// Reads time zones as systems keep them, in `/usr/share/zoneinfo` (RFC 9636, TZif of version 2 or later).
package enum TimeZoneFile {
    /// Why a file is no time zone.
    package enum Fault: Error, Sendable, Equatable {
        /// It is no TZif file, or cut short.
        case malformed
        /// The rule for the future at its end is not understood.
        case unknownRule
    }

    /// Larger than any zone.
    package static let maxBytes = 64 * 1024

    /// The clocks that a file describes.
    ///
    /// - Parameter bytes: The whole file.
    /// - Returns: Its clocks up to the year 2100.
    /// - Throws: What is wrong with it.
    package static func table(from bytes: [UInt8]) throws(Fault) -> TimeZoneTable {
        guard bytes.count <= maxBytes else { throw .malformed }
        var reader = Reader(bytes: bytes)
        // The first block repeats the second with short moments, for readers of old.
        let old = try Header(&reader)
        guard old.version >= UInt8(ascii: "2") else { throw .malformed }
        try reader.skip(old.size(momentBytes: 4))
        let header = try Header(&reader)
        var moments: [Int64] = []
        for _ in 0..<header.moments { moments.append(try reader.integer(bytes: 8)) }
        var types: [Int] = []
        for _ in 0..<header.moments { types.append(Int(try reader.integer(bytes: 1) & 0xFF)) }
        var offsets: [Int32] = []
        for _ in 0..<header.types {
            offsets.append(Int32(truncatingIfNeeded: try reader.integer(bytes: 4)))
            try reader.skip(2)
        }
        guard !offsets.isEmpty, types.allSatisfy({ $0 < offsets.count }), offsets.allSatisfy({ abs($0) < 90_000 })
        else {
            throw .malformed
        }
        guard zip(moments, moments.dropFirst()).allSatisfy(<) else { throw .malformed }
        try reader.skip(header.names + header.leapSeconds * 12 + header.standardFlags + header.universalFlags)
        var changes = zip(moments, types).map { (moment: $0, offset: offsets[$1]) }
        let rule = try reader.line()
        if !rule.isEmpty {
            guard let future = ClockRule(rule) else { throw .unknownRule }
            changes += future.changes(after: moments.last ?? .min)
        }
        return TimeZoneTable(first: offsets[0], changes: changes)
    }

    /// RFC 9636, section 3.1.
    private struct Header {
        let version: UInt8
        let universalFlags: Int
        let standardFlags: Int
        let leapSeconds: Int
        let moments: Int
        let types: Int
        let names: Int

        init(_ reader: inout Reader) throws(Fault) {
            guard try reader.take(4) == Array("TZif".utf8) else { throw .malformed }
            version = UInt8(truncatingIfNeeded: try reader.integer(bytes: 1))
            try reader.skip(15)
            universalFlags = try Header.count(&reader)
            standardFlags = try Header.count(&reader)
            leapSeconds = try Header.count(&reader)
            moments = try Header.count(&reader)
            types = try Header.count(&reader)
            names = try Header.count(&reader)
        }

        /// A count that a file of that size can have.
        private static func count(_ reader: inout Reader) throws(Fault) -> Int {
            let count = try reader.integer(bytes: 4)
            guard 0...Int64(maxBytes) ~= count else { throw .malformed }
            return Int(count)
        }

        func size(momentBytes: Int) -> Int {
            moments * (momentBytes + 1) + types * 6 + names + leapSeconds * (momentBytes + 4) + standardFlags
                + universalFlags
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        mutating func take(_ count: Int) throws(Fault) -> [UInt8] {
            guard count <= bytes.count - index else { throw .malformed }
            defer { index += count }
            return Array(bytes[index..<index + count])
        }

        mutating func skip(_ count: Int) throws(Fault) {
            _ = try take(count)
        }

        /// A signed number, most significant byte first.
        mutating func integer(bytes count: Int) throws(Fault) -> Int64 {
            let bits = try take(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let unused = UInt64(64 - 8 * count)
            return Int64(bitPattern: bits << unused) >> Int64(unused)
        }

        /// The text between two line ends, which is the last in the file.
        mutating func line() throws(Fault) -> String {
            guard try take(1) == [0x0A] else { throw .malformed }
            guard let end = bytes[index...].firstIndex(of: 0x0A) else { throw .malformed }
            return String(decoding: bytes[index..<end], as: UTF8.self)
        }
    }
}
