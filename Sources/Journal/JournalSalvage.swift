import Foundation
import GRDB
import Webhooks

/// Replaces a damaged file by a new one with everything that can still be read; the damaged one stays beside it.
struct JournalSalvage {
    let file: JournalFile

    /// Makes the new file complete before it changes a name, so that a crash or a full disk in between loses nothing.
    func run(reason: String) throws {
        removeAll(salvaged)
        let target = JournalFile(path: salvaged, limits: file.limits, report: { _ in })
        try target.create()
        let new = try target.openSound(checking: false)
        var counts = (events: 0, missing: 0)
        if let old = try openOld() {
            counts = try old.unsafeRead { old in
                try new.writeWithoutTransaction { new in
                    var transfer = SalvageTransfer(old: old, new: new)
                    try new.inTransaction(.immediate) {
                        try transfer.run()
                        return .commit
                    }
                    return (transfer.events, transfer.missing)
                }
            }
        }
        try new.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try new.close()
        let copy = try setAside()
        try JournalSalvage.finish(file.path)
        removeAll(workingCopy)
        file.report(.replaced(copy: copy, reason: reason, events: counts.events, missing: counts.missing))
    }

    /// Gives a new file that is complete its name, also after a crash before that.
    static func finish(_ path: String) throws {
        let salvaged = path + ".salvaged"
        let files = FileManager.default
        guard files.fileExists(atPath: salvaged), !files.fileExists(atPath: path) else { return }
        try files.moveItem(atPath: salvaged, toPath: path)
    }

    private var salvaged: String { file.path + ".salvaged" }
    private var workingCopy: String { file.path + ".working" }

    private func removeAll(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    /// Opens the damaged file; when its schema cannot be read, a copy of it with the schema of an empty journal.
    private func openOld() throws -> DatabaseQueue? {
        if let old = try? open(file.path) { return old }
        removeAll(workingCopy)
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file.path + suffix) {
            try FileManager.default.copyItem(atPath: file.path + suffix, toPath: workingCopy + suffix)
        }
        try transplantSchema()
        return try? open(workingCopy)
    }

    private func open(_ path: String) throws -> DatabaseQueue {
        let database = try DatabaseQueue(path: path, configuration: JournalFile.reading)
        try database.read { database in
            _ = try database.makeStatement(sql: "SELECT \(EventRow.columns) FROM event")
            _ = try database.makeStatement(sql: "SELECT id, name, cursor, checksum FROM destination")
        }
        return database
    }

    /// Writes the pages of an empty journal that hold its schema over those of the working copy.
    ///
    /// The same statements make the same tables at the same pages, and tables never move.
    private func transplantSchema() throws {
        let empty = file.path + ".empty"
        defer { removeAll(empty) }
        let database = try JournalFile(path: empty, limits: file.limits, report: { _ in }).openSound(checking: false)
        let (pageSize, roots) = try database.writeWithoutTransaction { database in
            try database.checkpoint(.truncate)
            return (
                try Int.fetchOne(database, sql: "PRAGMA page_size") ?? file.limits.pageSize,
                try Set(Int.fetchAll(database, sql: "SELECT rootpage FROM sqlite_schema"))
            )
        }
        try database.close()
        let source = try Data(contentsOf: URL(fileURLWithPath: empty))
        let target = try FileHandle(forUpdating: URL(fileURLWithPath: workingCopy))
        defer { try? target.close() }
        let length = try target.seekToEnd()
        for page in 1...max(1, source.count / pageSize) where !roots.contains(page) {
            let start = (page - 1) * pageSize
            try target.seek(toOffset: UInt64(start))
            try target.write(contentsOf: source[start..<min(source.count, start + pageSize)])
        }
        // The number of pages, https://www.sqlite.org/fileformat.html, section 1.3.
        let pages = UInt32(truncatingIfNeeded: Int(length) / pageSize)
        try target.seek(toOffset: 28)
        try withUnsafeBytes(of: pages.bigEndian) { try target.write(contentsOf: Data($0)) }
    }

    /// A name for damaged files that none has yet.
    func freeName(for suffix: String) -> String {
        let stamp = Timestamp.now().description.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        var copy = "\(file.path).damaged-\(stamp)"
        var number = 1
        while FileManager.default.fileExists(atPath: copy + suffix) {
            number += 1
            copy = "\(file.path).damaged-\(stamp)-\(number)"
        }
        return copy
    }

    /// Renames the file, its log and its index to names that are free.
    private func setAside() throws -> String {
        let copy = freeName(for: "")
        // The log first: a crash in between must not pair the old log with a new file.
        for suffix in ["-wal", "-shm", ""] where FileManager.default.fileExists(atPath: file.path + suffix) {
            try FileManager.default.moveItem(atPath: file.path + suffix, toPath: copy + suffix)
        }
        return copy
    }
}
