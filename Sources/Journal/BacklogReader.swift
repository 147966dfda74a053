import GRDB
import NIOCore
import NIOPosix
import Synchronization
import Webhooks

/// Reads events back from the file, on a thread and a connection of its own, so that no commit waits for it.
///
/// Blocking calls happen on its pool of one thread only.
final class BacklogReader: Sendable {
    private let path: String
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let connection = Mutex<DatabaseQueue?>(nil)

    /// How many unwanted events one page passes at most, so that no reader waits long for another.
    private let stretch = 20_000
    /// More than all events that are ever between two that are kept.
    private let leap: Int64 = 1 << 32

    init(path: String) {
        self.path = path
        pool.start()
    }

    /// Forgets the connection, because the file may be another one.
    func reset() {
        connection.withLock { $0 = nil }
    }

    /// Ends the thread once its work is done.
    ///
    /// Blocks until then.
    func close() {
        // It fails only when it was shut down before.
        try? pool.syncShutdownGracefully()
        reset()
    }

    /// Finds the next wanted events of a line.
    func page(
        _ read: LineRead,
        audiences: AudienceTable,
        then: @escaping @Sendable (Result<LinePage, any Error>) -> Void
    ) {
        submit(then) { database in
            let kinds = try KindTable(database)
            let statement = try PreparedStatement(
                cachedIn: database,
                "SELECT \(EventRow.columns) FROM event WHERE position > ? ORDER BY position LIMIT ?"
            )
            defer { statement.reset() }
            let wanted = read.limit - read.leases.count
            statement.bind(1, read.position)
            statement.bind(2, Int64(self.stretch))
            var page = LinePage(through: read.position, isLast: false)
            var seen = 0
            while page.entries.count < wanted {
                guard try statement.next() else {
                    page.isLast = seen < self.stretch
                    break
                }
                seen += 1
                let position = statement.integer(0)
                // Damage that SQLite does not see: positions grow, and never by leaps.
                guard position > page.through, position < page.through + self.leap else {
                    throw JournalStore.damage("positions are out of order")
                }
                page.through = position
                // Of an event whose audience cannot be told, everyone should hear.
                guard audiences[statement.integer(2)]?.contains(read.destination) ?? true else { continue }
                if let entry = EventRow.read(statement, kinds, audiences) {
                    page.entries.append(entry)
                } else {
                    page.damaged.append(page.through)
                }
            }
            return page
        }
    }

    /// Fetches the events of claims; what is missing or damaged is named.
    func entries(
        _ claims: [Claim],
        audiences: AudienceTable,
        then: @escaping @Sendable (Result<(leases: [Lease], damaged: [Claim]), any Error>) -> Void
    ) {
        submit(then) { database in
            let kinds = try KindTable(database)
            let statement = try PreparedStatement(
                cachedIn: database,
                "SELECT \(EventRow.columns) FROM event WHERE position = ?"
            )
            var leases: [Lease] = []
            var damaged: [Claim] = []
            for claim in claims {
                statement.bind(1, claim.position)
                if try statement.next(), let entry = EventRow.read(statement, kinds, audiences) {
                    leases.append(Lease(entry: entry, attempt: claim.attempt, origin: claim.origin))
                } else {
                    damaged.append(claim)
                }
                statement.reset()
            }
            return (leases, damaged)
        }
    }

    /// Looks for damage in the whole file.
    ///
    /// - Parameter then: takes the first problem, in words; nil without one.
    func check(then: @escaping @Sendable (Result<String?, any Error>) -> Void) {
        submit(then) { try JournalFile.damage($0) }
    }

    private func submit<Value>(
        _ then: @escaping @Sendable (Result<Value, any Error>) -> Void,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) {
        pool.submit { state in
            guard state == .active else { return then(.failure(JournalError.closed)) }
            then(Result { try self.open().read(body) })
        }
    }

    private func open() throws -> DatabaseQueue {
        try connection.withLock { connection in
            if let connection { return connection }
            let opened = try DatabaseQueue(path: path, configuration: JournalFile.reading)
            connection = opened
            return opened
        }
    }
}
