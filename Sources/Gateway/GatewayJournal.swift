import Delivery
import Journal
import Logging
import NIOCore
import NIOPosix

/// The journal of a gateway with those who deliver from it, as one thing that is opened and closed.
struct GatewayJournal: Sendable {
    let journal: SQLiteJournal
    private let dispatchers: Dispatchers
    private let logger: Logger

    /// Opens the journal and begins to deliver what it holds.
    ///
    /// - Throws: `JournalOpenError`, in words for the operator.
    static func open(
        _ configuration: JournalConfiguration,
        destinations: [Destination],
        on group: MultiThreadedEventLoopGroup,
        logger: Logger,
        trace: AttemptTrace? = nil
    ) async throws -> GatewayJournal {
        var limits = JournalLimits()
        limits.retain = configuration.retain
        limits.maxSize = configuration.maxBytes
        let journal = try await SQLiteJournal.open(
            path: configuration.path,
            destinations: destinations.map(\.name),
            limits: limits,
            eraser: .numbers
        ) { notice in
            logger.log(level: notice.level, "\(notice)")
        }
        let dispatchers = try await Dispatchers.start(
            destinations,
            journal: journal,
            on: group,
            logger: logger,
            trace: trace
        )
        return GatewayJournal(journal: journal, dispatchers: dispatchers, logger: logger)
    }

    /// Begins no more attempts, and lets those under way end.
    ///
    /// - Parameters:
    ///   - bound: how long they are waited for, at most.
    ///   - loop: where the end is wanted.
    /// - Returns: completes when what became of them has reached the journal, or at the bound. Never fails.
    func drain(within bound: TimeAmount, on loop: any EventLoop) -> EventLoopFuture<Void> {
        dispatchers.drain(within: bound, on: loop)
    }

    /// How things stand at every destination, in their order; none when the loops have ended.
    func statuses(on loop: any EventLoop) async -> [DispatcherStatus] {
        (try? await dispatchers.statuses(on: loop).get()) ?? []
    }

    /// Commits what waits and closes the file.
    func close(on loop: any EventLoop) -> EventLoopFuture<Void> {
        journal.close(on: loop).always { [journal, logger] _ in
            let done = journal.statistics
            logger.notice(
                "journal closed",
                metadata: [
                    "events": "\(done.events)", "settled": "\(done.settled)", "commits": "\(done.commits)",
                    "commits_with_events": "\(done.commitsWithEvents)",
                ]
            )
        }
    }
}

extension JournalNotice {
    fileprivate var level: Logger.Level {
        switch self {
        case .recovered: .notice
        case .replaced, .mendedLog, .damagedEvents, .unavailable: .error
        }
    }
}
