import GRDB
import GRDBSQLite
import NIOCore
import Webhooks

extension JournalWriter {
    /// Gives up what was under way: nothing of it was kept.
    func fail(_ error: any Error) {
        let reason = words(error)
        inbox.set(.unavailable(reason))
        file.report(.unavailable(reason))
        statistics.update { $0.failures += 1 }
        refuse(.unavailable(reason))
    }

    /// Fails what waits, but keeps settlements.
    private func refuse(_ error: JournalError) {
        for append in work.appends { notices.add(append.promise) }
        notices.deliver(.failure(error))
        for command in work.commands { command.fail(error) }
        carried.append(contentsOf: work.settlements)
        work.removeAll()
    }

    /// Tries until the file can be opened and written again.
    ///
    /// - Returns: the connection; nil when the journal was closed meanwhile.
    func recover(from error: any Error) -> (DatabaseQueue, Bool)? {
        reader.reset()
        let isSuspect = (error as? DatabaseError)?.isDamage ?? false
        while !isClosing {
            let deadline = NIODeadline.now() + limits.probeInterval
            while NIODeadline.now() < deadline {
                _ = inbox.wait(for: .appendOrCommand, until: deadline)
                inbox.take(&work)
                noteClosing()
                refuse(isClosing ? .closed : .unavailable(words(error)))
                if isClosing { return nil }
            }
            do {
                let opened = try inbox.whileRepairing { try file.open(isSuspect: isSuspect) }
                try opened.database.inDatabase { database in
                    // A failed sync may have left a hole in the log, behind which later commits would be lost at a
                    // power cut: only an empty log is a good one.
                    try database.execute(sql: "BEGIN IMMEDIATE; PRAGMA user_version = 1; COMMIT")
                    let code = sqlite3_wal_checkpoint_v2(
                        database.sqliteConnection,
                        nil,
                        SQLITE_CHECKPOINT_TRUNCATE,
                        nil,
                        nil
                    )
                    if code != SQLITE_OK { throw JournalStore.failure(database) }
                }
                return opened
            } catch {
                continue
            }
        }
        return nil
    }

    /// Goes on after a failure.
    func resume(_ store: JournalStore) throws {
        try store.loadUnwanted()
        inbox.set(.writable)
        file.report(.recovered)
    }

    /// Looks at a large file while it is served.
    func checkInBackground() {
        let inbox = inbox
        reader.check { result in
            if case .success(let damage?) = result { inbox.send(.damaged(damage)) }
        }
    }
}
