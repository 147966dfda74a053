package import NIOCore

/// Bounds and times of the embedded journal.
package struct JournalLimits: Sendable {
    /// What is settled at all its destinations is kept this long.
    package var retain: TimeAmount = .hours(7 * 24)
    /// The most that the file and its write-ahead log hold together, in bytes; beyond it what is settled is pruned
    /// early, and then appends are refused.
    package var maxSize = 2 << 30
    /// Appends waiting for a commit; more are refused.
    package var waitingAppends = 4096
    /// Bytes of appends waiting for a commit; more are refused.
    package var waitingBytes = 16 << 20

    /// How long a commit waits for more appends when they come in crowds; a synced commit costs about 170 µs of
    /// waiting and 50 of work, however many it holds.
    ///
    /// A crowd of 64 on one core takes about 3 ms to arrive.
    package var linger: TimeAmount = .milliseconds(3)
    /// It waits no longer when nothing came for this long: a loop delivers what the last commit held in between.
    package var quiet: TimeAmount = .microseconds(600)
    /// It waits no longer when this many appends are there.
    package var crowd = 64
    /// How long settlements wait for an append with which to be committed.
    package var settleDelay: TimeAmount = .milliseconds(20)

    /// The write-ahead log is copied into the file when it has grown by this much, in bytes.
    ///
    /// Less means writing the same pages more often, more means longer pauses and a longer start after a crash.
    package var checkpointSize = 8 << 20
    /// SQLite's unit of reading and writing, for new files, in bytes.
    package var pageSize = 4096
    /// A file up to this size is checked as a whole before it is served, after an unclean end; a larger one meanwhile.
    package var checkedSize = 64 << 20
    /// How long a commit waits for another process that writes into the file, as the command line does for moments.
    package var busyTimeout: TimeAmount = .seconds(2)
    /// How often a journal that cannot write tries again.
    package var probeInterval: TimeAmount = .milliseconds(250)
    /// How often requests of operators and old entries are looked for.
    package var watchInterval: TimeAmount = .seconds(1)

    package init() {}
}
