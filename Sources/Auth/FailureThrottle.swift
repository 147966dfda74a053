package import NIOCore
import Synchronization

/// Counts wrong passwords by network, so that guessing costs the guesser time and us no hashes.
///
/// Shared by all loops. An attempt is counted before it is made, and forgiven when it was right: guesses that come at
/// once do not slip through. Missing credentials are never counted; they are how sipgate begins every push.
package final class FailureThrottle: Sendable {
    /// The bounds: 10 wrong passwords a minute are a person with a note, more are a program.
    package struct Limits: Sendable {
        /// Wrong passwords in a window.
        package var failures = 10
        /// The window, from its first failure.
        package var window = TimeAmount.minutes(1)
        /// Networks that are kept; beyond it the first found gives way.
        package var networks = 65_536

        package init() {}
    }

    private struct Window {
        var failures: Int
        var end: NIODeadline
    }

    private let limits: Limits
    private let windows = Mutex<[UInt64: Window]>([:])

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Counts an attempt that is about to be made.
    ///
    /// - Returns: nil when it may be made, else how long this network has to wait.
    package func begin(_ network: UInt64, now: NIODeadline) -> TimeAmount? {
        windows.withLock { windows in
            if var window = windows[network], window.end > now {
                guard window.failures < limits.failures else { return window.end - now }
                window.failures += 1
                windows[network] = window
                return nil
            }
            if windows.count >= limits.networks {
                windows = windows.filter { $0.value.end > now }
                if windows.count >= limits.networks, let first = windows.keys.first { windows[first] = nil }
            }
            windows[network] = Window(failures: 1, end: now + limits.window)
            return nil
        }
    }

    /// Takes an attempt back that was right.
    package func forgive(_ network: UInt64) {
        windows.withLock { windows in
            guard var window = windows[network] else { return }
            window.failures -= 1
            windows[network] = window.failures > 0 ? window : nil
        }
    }
}
