package import NIOCore
package import Sipgate

/// What is worth an alarm, and who is told.
package struct AlarmsConfiguration: Sendable {
    /// Legs that begin, and whose end is never pushed.
    package struct MissingFollowUps: Sendable {
        /// So many were given up.
        package var legs = 3
        /// And so many of a hundred that ended.
        package var percent = 10
        /// Within this time.
        package var within = TimeAmount.hours(1)
    }

    /// Hours without a push that usually have some.
    package struct Silence: Sendable {
        /// How many weeks have to be known.
        package var weeks = 3
        /// How many pushes the hour usually has.
        package var pushes = 5
        /// On whose clocks the week is divided.
        package var zone = TimeZoneTable.utc
        /// Days that are neither judged nor learnt from: `2026-04-06`, or `12-25` in every year.
        package var holidays: Set<String> = []
    }

    /// Destinations of which nothing is heard but failures.
    package struct FailingDestination: Sendable {
        /// So many attempts failed.
        package var attempts = 3
        /// And none went well for this time.
        package var lasting = TimeAmount.minutes(15)
    }

    /// Nil: not looked for; so are the others.
    package var missingFollowUps: MissingFollowUps? = MissingFollowUps()
    package var silence: Silence? = Silence()
    package var failingDestination: FailingDestination? = FailingDestination()
    /// Names of destinations that get an event when an alarm is raised or cleared.
    package var destinations: [String] = []
}
