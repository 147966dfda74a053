import Webhooks

/// Deliveries that went well, packed: what stands in `receipt.entries`.
///
/// For every entry five unsigned LEB128 numbers: the distance of its position from the one before (the first: from the
/// row's `first`), the attempt's number, its HTTP status, how long before the row's `time` it ended, and its latency
/// (both in milliseconds).
enum Receipt {
    /// One delivery.
    struct Entry: Equatable {
        var position: Int64
        var attempt: Int
        var status: Int
        /// From the end of the attempt to the row's `time`, in milliseconds.
        var age: Int
        /// In milliseconds.
        var latency: Int
    }

    /// The content of a row; entries in ascending order of position.
    static func encode(first: Int64, _ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 8)
        var previous = first
        for entry in entries {
            append(UInt64(max(0, entry.position - previous)), &bytes)
            append(UInt64(max(0, entry.attempt)), &bytes)
            append(UInt64(max(0, entry.status)), &bytes)
            append(UInt64(max(0, entry.age)), &bytes)
            append(UInt64(max(0, entry.latency)), &bytes)
            previous = entry.position
        }
        return bytes
    }

    /// What a row says; what is damaged ends it.
    static func decode(first: Int64, entries bytes: [UInt8]) -> [Entry] {
        var entries: [Entry] = []
        var index = 0
        var position = first
        while index < bytes.count {
            guard let distance = number(bytes, &index), let attempt = number(bytes, &index),
                let status = number(bytes, &index), let age = number(bytes, &index),
                let latency = number(bytes, &index)
            else { return entries }
            position += Int64(distance)
            entries.append(Entry(position: position, attempt: attempt, status: status, age: age, latency: latency))
        }
        return entries
    }

    private static func append(_ number: UInt64, _ bytes: inout [UInt8]) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Nil at the end of the bytes, and for a number that does not fit 48 bits, which none of ours needs.
    private static func number(_ bytes: [UInt8], _ index: inout Int) -> Int? {
        var number = 0
        var shift = 0
        while index < bytes.count, shift < 49 {
            let byte = bytes[index]
            index += 1
            number |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return number }
            shift += 7
        }
        return nil
    }
}

extension Receipt {
    /// The attempts at one position, as the history shows them.
    static func attempts(of position: Int64, first: Int64, time: Int64, entries: [UInt8]) -> [AttemptRecord] {
        decode(first: first, entries: entries).filter { $0.position == position }.map { entry in
            AttemptRecord(
                number: entry.attempt,
                time: Timestamp(milliseconds: time - Int64(entry.age) - Int64(entry.latency)),
                latency: entry.latency,
                outcome: "delivered",
                status: entry.status
            )
        }
    }
}
