package import Webhooks

/// A claim to deliver one entry to one destination.
///
/// The attempt is counted already: a process that dies over it leaves the count behind.
package struct Lease: Sendable {
    /// Where an entry waited, which decides what its settlement changes.
    package enum Origin: Sendable, Equatable {
        /// In line with all others: fresh from a commit, or read from the backlog.
        case sequence
        /// Set aside after an earlier attempt, or held behind such an entry of its subject.
        case deferred
        /// Asked for by an operator, out of line; it holds nobody up.
        case replay
    }

    /// What to deliver.
    package let entry: JournalEntry
    /// The number of this attempt, from 1.
    package let attempt: Int
    /// Where it waited.
    package let origin: Origin

    package init(entry: JournalEntry, attempt: Int, origin: Origin) {
        self.entry = entry
        self.attempt = attempt
        self.origin = origin
    }
}

/// Deferred entries whose time had come.
package struct LeaseBatch: Sendable {
    /// At most as many as were asked for, the one due longest first.
    package let leases: [Lease]
    /// When the next deferred entry is due; nil when none waits for a moment.
    package let nextDue: Timestamp?

    package init(leases: [Lease], nextDue: Timestamp?) {
        self.leases = leases
        self.nextDue = nextDue
    }
}

/// One try at delivery and what came of it.
package struct AttemptRecord: Sendable, Equatable {
    /// From 1.
    package let number: Int
    /// When it began.
    package let time: Timestamp
    /// From its beginning to its end, in milliseconds.
    package let latency: Int
    /// A stable word: `delivered`, `refused`, `timed_out`, `unreachable`, `overloaded`, `protocol_error`.
    package let outcome: String
    /// More about it in a stable word: `answering`, `connect_timeout`; nil when there is nothing to add.
    package let detail: String?
    /// The HTTP status code of the response, when there was one.
    package let status: Int?

    package init(number: Int, time: Timestamp, latency: Int, outcome: String, detail: String? = nil, status: Int? = nil)
    {
        self.number = number
        self.time = time
        self.latency = latency
        self.outcome = outcome
        self.detail = detail
        self.status = status
    }
}

/// What became of an entry at one destination.
package struct Settlement: Sendable, Equatable {
    /// The ways an entry can go on, or end.
    package enum Outcome: Sendable, Equatable {
        /// The destination took it.
        case delivered
        /// It is tried again at this moment, and until then later entries of its subject are held.
        case deferred(until: Timestamp)
        /// Not tried, because an earlier entry of its subject is deferred; it follows when that one is settled.
        case held
        /// Given up, in a stable word why: a dead letter, which an operator can retry.
        case dead(reason: String)
        /// Not sent, because it had become worthless.
        case expired
    }

    /// Which entry.
    package let position: JournalPosition
    /// The subject of its event, by which order is kept.
    package let subject: String
    /// The destination's place in the list the journal was opened with.
    package let destination: Int
    /// Where the entry waited before.
    package let origin: Lease.Origin
    /// What became of it.
    package let outcome: Outcome
    /// The attempt that led there; nil when none was made.
    package let attempt: AttemptRecord?

    package init(
        position: JournalPosition,
        subject: String,
        destination: Int,
        origin: Lease.Origin,
        outcome: Outcome,
        attempt: AttemptRecord?
    ) {
        self.position = position
        self.subject = subject
        self.destination = destination
        self.origin = origin
        self.outcome = outcome
        self.attempt = attempt
    }
}
