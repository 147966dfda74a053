import Foundation
import GRDB
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
        /// When the attempt ended, in milliseconds since 1970.
        var ended: Int64
        /// In milliseconds.
        var latency: Int
    }

    /// The content of a row of this time; entries in ascending order of position.
    static func encode(first: Int64, time: Int64, _ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 8)
        var previous = first
        for entry in entries {
            append(entry.position - previous, &bytes)
            append(Int64(entry.attempt), &bytes)
            append(Int64(entry.status), &bytes)
            append(time - entry.ended, &bytes)
            append(Int64(entry.latency), &bytes)
            previous = entry.position
        }
        return bytes
    }

    /// What a row says; what is damaged ends it.
    static func decode(first: Int64, time: Int64, entries bytes: Data) -> [Entry] {
        var entries: [Entry] = []
        var rest = bytes[...]
        var position = first
        while !rest.isEmpty {
            guard let distance = number(&rest), let attempt = number(&rest), let status = number(&rest),
                let age = number(&rest), let latency = number(&rest)
            else { return entries }
            let (next, overflow) = position.addingReportingOverflow(distance)
            if overflow { return entries }
            position = next
            entries.append(
                Entry(
                    position: position,
                    attempt: Int(attempt),
                    status: Int(status),
                    ended: time &- age,
                    latency: Int(latency)
                )
            )
        }
        return entries
    }

    /// What a row carries beside its content, so that a damaged one is noticed: it must not hide an event.
    static func checksum(destination: Int64, first: Int64, last: Int64, _ entries: UnsafeRawBufferPointer) -> Int64 {
        var checksum = Checksum(destination)
        checksum.mix(first)
        checksum.mix(last)
        checksum.mix(entries)
        return checksum.value
    }

    /// What a row with the columns `first`, `last`, `checksum` and `entries` says; nothing when it is damaged.
    ///
    /// The moments are not filled in.
    static func intact(_ row: Row, destination: Int64) -> [Entry] {
        let entries: Data = row.value("entries")
        let checksum = entries.withUnsafeBytes { entries in
            self.checksum(destination: destination, first: row.value("first"), last: row.value("last"), entries)
        }
        guard checksum == row.value("checksum") else { return [] }
        return decode(first: row.value("first"), time: 0, entries: entries)
    }

    /// A number below 0, which a clock that was set back can cause, becomes 0.
    private static func append(_ number: Int64, _ bytes: inout [UInt8]) {
        var rest = UInt64(max(0, number))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Nil at the end of the bytes, and for a number that does not fit 49 bits, which none of ours needs.
    private static func number(_ bytes: inout Data.SubSequence) -> Int64? {
        var number: Int64 = 0
        var shift: Int64 = 0
        while shift < 49, let byte = bytes.popFirst() {
            number |= Int64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return number }
            shift += 7
        }
        return nil
    }
}

extension Receipt {
    /// The attempts at one position, as the history shows them.
    static func attempts(of position: Int64, first: Int64, time: Int64, entries: Data) -> [AttemptRecord] {
        decode(first: first, time: time, entries: entries).filter { $0.position == position }.map { entry in
            AttemptRecord(
                number: entry.attempt,
                time: Timestamp(milliseconds: entry.ended - Int64(entry.latency)),
                latency: entry.latency,
                outcome: "delivered",
                status: entry.status == 0 ? nil : entry.status
            )
        }
    }
}

extension Receipt {
    /// Whether a receipt that counts is not as it was written: its deliveries would be made, and counted, again.
    static func isDamaged(beyondCursorsIn database: Database) throws -> Bool {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT destination, first, last, checksum, entries FROM receipt
                WHERE last > (SELECT cursor FROM destination WHERE destination.id = receipt.destination)
                """
        )
        while let row = try rows.next() {
            if intact(row, destination: row.value("destination")).isEmpty { return true }
        }
        return false
    }

    /// Removes receipts that are not as they were written, inside a transaction.
    static func removeDamaged(_ database: Database) throws {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT destination, last, first, serial, checksum, entries FROM receipt"
        )
        for row in rows where intact(row, destination: row.value("destination")).isEmpty {
            try database.execute(
                sql: "DELETE FROM receipt WHERE destination = ? AND last = ? AND first = ? AND serial = ?",
                arguments: StatementArguments(row.databaseValues.prefix(4))
            )
        }
    }
}
