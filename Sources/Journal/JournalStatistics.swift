import Synchronization
package import Webhooks

/// What the journal has done since it was opened: plain counters.
package struct JournalStatistics: Sendable, Equatable {
    /// Synced commits.
    package var commits = 0
    /// Of these, the ones that held events.
    package var commitsWithEvents = 0
    /// Events made durable.
    package var events = 0
    /// Settlements made durable.
    package var settled = 0
    /// Events pruned.
    package var pruned = 0
    /// Times that writing failed.
    package var failures = 0
    /// The bytes in use of file and log, when last looked at.
    package var bytes = 0
    /// From the first to the last step of the latest commit, in microseconds.
    package var lastCommit = 0
    /// The same of all commits, in nanoseconds.
    package var commitTime = Histogram(bounds: Histogram.latencyBounds)
    /// Events in one commit, of the commits that held any.
    package var eventsInCommit = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
}

/// The counters, written by the writer and read by anyone.
final class StatisticsBox: Sendable {
    private let value = Mutex(JournalStatistics())

    var current: JournalStatistics { value.withLock { $0 } }

    func update(_ change: (inout JournalStatistics) -> Void) {
        value.withLock { change(&$0) }
    }
}
