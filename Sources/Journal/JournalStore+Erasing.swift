import Foundation
import GRDB
import NIOCore
import Webhooks

extension JournalStore {
    /// Rewrites a stretch of events, in the open transaction.
    ///
    /// - Parameters:
    ///   - request: how far it has come; is brought up to date.
    ///   - search: finds the number in what stays, which is counted; nil: it is not looked for.
    ///   - window: how many positions to look at.
    ///   - limit: how many events to change.
    ///   - bytes: how much data to look at, but for the event that goes beyond it: pushes wait meanwhile.
    ///   - erase: makes the new data; nil: the event stays.
    /// - Throws: `DatabaseError`.
    func rewrite(
        _ request: inout Request,
        _ search: NumberSearch? = nil,
        window: Int64 = 500,
        limit: Int = 50,
        bytes: Int = JournalStore.stretch,
        _ erase: (ByteBuffer) -> ByteBuffer?
    ) throws {
        var end = min(last, request.resume + window)
        let rows = try PreparedStatement(
            cachedIn: database,
            "SELECT \(EventRow.columns) FROM event WHERE position > ? AND position <= ? ORDER BY position"
        )
        rows.bind(1, request.resume)
        rows.bind(2, end)
        var looked = 0
        var changes: [(position: Int64, checksum: Int64, data: ByteBuffer)] = []
        while try rows.next() {
            let position = rows.integer(0)
            guard changes.count < limit, looked < bytes else {
                end = position - 1
                rows.reset()
                break
            }
            looked += rows.bytes(8).count
            let data = erase(ByteBuffer(bytes: rows.bytes(8)))
            if let search, isStaying(search, rows, data) { request.staying += 1 }
            guard let data else { continue }
            // What is damaged says nothing that could be believed, and is not made to look sound.
            guard let kind = kinds[rows.integer(1)], let audience = audiences.checksum(of: rows.integer(2)),
                EventRow.isIntact(rows, kind: kind.checksum, audience: audience)
            else { continue }
            if request.oblivion?.isImmediate != true, try isWaiting(position, audience: rows.integer(2)) {
                request.left += 1
                continue
            }
            changes.append((position, checksum(rows, kind, audience, data), data))
        }
        for change in changes {
            try database.execute(
                sql: "UPDATE event SET checksum = ?, data = ? WHERE position = ?",
                arguments: [change.checksum, Data(change.data.readableBytesView), change.position]
            )
        }
        request.done += Int64(changes.count)
        request.resume = end
        try database.execute(
            sql: "UPDATE request SET resume = ?, done = ?, total = ? WHERE id = ?",
            arguments: [end, request.done, request.left, request.id]
        )
    }

    /// Whether an event has the number where it stays.
    private func isStaying(_ search: NumberSearch, _ row: PreparedStatement, _ data: ByteBuffer?) -> Bool {
        for column: Int32 in 6...7 where search.finds(in: row.bytes(column)) { return true }
        return data?.withUnsafeReadableBytes { search.finds(in: $0) } ?? search.finds(in: row.bytes(8))
    }

    private func checksum(_ row: PreparedStatement, _ kind: Kind, _ audience: Int64, _ data: ByteBuffer) -> Int64 {
        var checksum = EventRow.checksum(
            position: row.integer(0),
            kind: kind.checksum,
            audience: audience,
            time: row.integer(3)
        )
        for column: Int32 in 5...7 { checksum.mix(row.bytes(column)) }
        data.withUnsafeReadableBytes { checksum.mix($0) }
        return checksum.value
    }

    /// Whether an event still waits at one destination at least.
    private func isWaiting(_ position: Int64, audience: Int64) throws -> Bool {
        try (audiences[audience] ?? []).contains { place in
            let state = try delivery(place, position)?.publicState
            return (state ?? (places[place].line.hasLeft(position) ? .delivered : .pending)) == .pending
        }
    }

    // MARK: What was deleted

    /// How many pages are overwritten at once.
    private static let pagesAtOnce: Int64 = 256

    /// Fills pages that are not in use with zeros, in the open transaction.
    ///
    /// - Returns: whether none is left.
    func fillUnusedPages() throws -> Bool {
        try database.execute(sql: "CREATE TABLE IF NOT EXISTS zeros (content BLOB NOT NULL) STRICT")
        let unused = try unusedPages()
        guard unused > 0 else { return true }
        let count = min(unused, JournalStore.pagesAtOnce)
        // An overflow page holds the number of the next one, and otherwise content. What nearly fills a page has one of
        // its own.
        let bytes = count > 2 ? (count - 1) * (pageSize - 4) : pageSize - 200
        try database.execute(sql: "INSERT INTO zeros (content) VALUES (zeroblob(?))", arguments: [bytes])
        zeroedPages += count
        return false
    }

    /// Gives the pages back, in the open transaction.
    ///
    /// - Returns: whether that were all of them.
    func returnZeroedPages() throws -> Bool {
        try database.execute(sql: "DELETE FROM zeros WHERE rowid = (SELECT max(rowid) FROM zeros)")
        if database.changesCount > 0 {
            zeroedPages = max(0, zeroedPages - JournalStore.pagesAtOnce)
            return false
        }
        zeroedPages = 0
        try database.execute(sql: "DROP TABLE zeros")
        return true
    }

    /// The pages that an earlier process filled and did not give back.
    func storedZeroedPages() throws -> Int64 {
        guard try database.tableExists("zeros") else { return 0 }
        return try Int64.fetchOne(
            database,
            sql: "SELECT coalesce(sum(1 + length(content) / (? - 4)), 0) FROM zeros",
            arguments: [pageSize]
        ) ?? 0
    }

    /// Whether overwriting costs what it costs: also pages that are given up are written.
    func overwrite(_ isWhole: Bool) throws {
        try database.execute(sql: "PRAGMA secure_delete = \(isWhole ? "ON" : "FAST")")
    }

    /// Takes the number out of the request itself: from here on a restart only overwrites what was deleted.
    func hideOrder() throws {
        guard let request = requests.first else { return }
        try database.execute(sql: "UPDATE request SET filter = '{}' WHERE id = ?", arguments: [request.id])
    }

    /// Puts the number back into the request, which begins anew: a restart meanwhile looks at the events again.
    ///
    /// - Throws: `DatabaseError`.
    func restoreOrder() throws {
        guard let oblivion = requests.first?.oblivion else { return }
        let order = String(decoding: try JSONEncoder().encode(oblivion), as: UTF8.self)
        requests[0].resume = 0
        requests[0].left = 0
        try database.execute(
            sql: "UPDATE request SET filter = ?, resume = 0, total = 0 WHERE id = ?",
            arguments: [order, requests[0].id]
        )
    }

    /// Ends the first request, and forgets what it was about.
    func finishRequest(problem: String?) throws {
        guard let request = requests.first else { return }
        try database.execute(
            sql: "UPDATE request SET finished = ?, problem = ?, filter = '{}' WHERE id = ?",
            arguments: [Timestamp.now().milliseconds, problem, request.id]
        )
        requests.removeFirst()
    }
}
