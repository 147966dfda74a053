package import Webhooks

/// How things stand at one destination, for operators.
package struct DispatcherStatus: Sendable, Equatable {
    /// The destination's name.
    package var destination: String
    /// Whether every entry there is stands in memory; else the journal is read back.
    package var isLive: Bool
    /// Entries in memory that wait for their first attempt.
    package var waiting: Int
    /// Their size in bytes.
    package var waitingBytes: Int
    /// Attempts under way.
    package var underWay: Int
    /// Subjects with entries that were set aside for a retry.
    package var deferredSubjects: Int
    /// Whether attempts are made.
    package var breaker: BreakerCondition
    /// When the destination last took an event.
    package var lastSuccess: Timestamp?
    /// Since the start: entries delivered, attempts that failed, and entries that became dead letters or expired.
    package var delivered = 0
    package var failed = 0
    package var dead = 0
    package var expired = 0
    /// How attempts ended, since the start.
    package var attempts = AttemptCounts()
}
