/// Bounds and patience of call tracking; times in milliseconds.
package struct CallTrackerLimits: Sendable {
    /// A leg that was forwarded goes on as another; its start was seen 99 ms later.
    package var forwardGrace: Int64 = 3000
    /// How long an ended call waits for pushes that were overtaken.
    package var settle: Int64 = 1500
    /// How close legs have to follow each other to be joined by their numbers alone.
    package var kinship: Int64 = 10_000
    /// A leg that neither was answered nor ended is given up: no telephone rings longer.
    package var ringing: Int64 = 5 * 60_000
    /// An answered leg that did not end is given up.
    package var answered: Int64 = 8 * 3_600_000
    /// How long a finished call is known, so that late pushes find it.
    package var memory: Int64 = 60_000
    /// The same for a call that was given up: its real end may be hours away.
    package var assumedMemory: Int64 = 24 * 3_600_000
    /// Legs known at most, of open and finished calls together; each takes about 2 KiB.
    package var legs = 5000
    /// Legs of one caller to one number that may be joined by their numbers alone, the latest.
    package var kin = 32
    /// Legs of one call; a further one begins a call of its own.
    package var legsPerCall = 32

    package init() {}
}
