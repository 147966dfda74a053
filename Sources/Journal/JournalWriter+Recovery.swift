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
                let opened = try file.open(isSuspect: isSuspect)
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
        // A commit that failed may be found in the file all the same; who was refused then gets a delivery too many.
        let ghosts = committed + 1
        if store.last >= ghosts {
            try store.beginTransaction()
            for place in attachments.keys { store.hand(place, store.last) }
            try store.commit()
            try announceFromFile(ghosts, store)
        }
        committed = store.last
        inbox.set(.writable)
        file.report(.recovered)
    }

    private func announceFromFile(_ first: Int64, _ store: JournalStore) throws {
        let statement = try PreparedStatement(
            store.database,
            "SELECT \(EventRow.columns) FROM event WHERE position >= ? ORDER BY position"
        )
        statement.bind(1, first)
        var entries: [Int: [JournalEntry]] = [:]
        while try statement.next() {
            guard let entry = EventRow.read(statement, store.kinds, store.audiences) else { continue }
            for place in store.audiences[statement.integer(2)] ?? [] { entries[place, default: []].append(entry) }
        }
        for (place, attachment) in attachments {
            if let entries = entries[place] { notices.add(.committed(entries), for: attachment) }
        }
        notices.deliver(.success(()))
    }

    /// Looks at a large file while it is served.
    func checkInBackground() {
        let inbox = inbox
        reader.check { result in
            if case .success(let damage?) = result { inbox.send(.damaged(damage)) }
        }
    }
}
