package import NIOCore
internal import Synchronization

/// Counts wrong credentials per client network and says when enough is enough, before any hash is computed.
///
/// Shared by all event loops. A window begins with the first failure of a network and has a fixed length; when it holds
/// `limit` failures, the network waits until it is over. A check under way counts as a failure until its result is known:
/// otherwise a client could have any number of them computed at once. What is no guess never counts: a request without
/// credentials (that is how a challenge-first client begins), one with malformed ones, and a right password.
///
/// Throttling is by address, and an address can be shared. So a sender that was admitted from there before goes on being
/// admitted, whatever its neighbours behind the same address do (`Admissions`).
package final class FailureThrottle: Sendable {
    private struct Window {
        var start: NIODeadline
        var failures = 0
        var pending = 0
    }

    private struct Table {
        var windows: [UInt64: Window] = [:]
        /// Networks in the order in which their windows began, for eviction; may name windows that were replaced.
        var order = CircularBuffer<(network: UInt64, start: NIODeadline)>()
    }

    private let limit: Int
    private let window: TimeAmount
    private let capacity: Int
    private let table = Mutex(Table())

    /// An empty table.
    ///
    /// - Parameters:
    ///   - limit: failures in a window, from 1.
    ///   - window: the length of a window.
    ///   - capacity: networks that are remembered, at about 100 bytes each. Past it the one whose window is oldest is
    ///     forgotten: an attacker with that many networks gains a fresh window, and the memory stays bounded.
    package init(limit: Int = 10, window: TimeAmount = .minutes(1), capacity: Int = 65_536) {
        self.limit = max(1, limit)
        self.window = window
        self.capacity = max(1, capacity)
    }

    /// Asks for leave to check credentials.
    ///
    /// Without it, nothing may be computed.
    ///
    /// - Returns: nil for leave, which `finish` has to give back; or how long to wait, more than zero.
    func begin(_ network: UInt64, now: NIODeadline) -> TimeAmount? {
        table.withLock { table in
            var current = table.windows[network] ?? Window(start: now)
            if current.start + window <= now {
                // Checks still under way count on in the new window.
                current = Window(start: now, failures: 0, pending: current.pending)
            }
            guard current.failures + current.pending < limit else {
                return max(current.start + window - now, .seconds(1))
            }
            current.pending += 1
            remember(current, of: network, in: &table)
            return nil
        }
    }

    /// How long a network has to wait; nil when it has not.
    func delay(of network: UInt64, now: NIODeadline) -> TimeAmount? {
        table.withLock { table in
            guard let current = table.windows[network], current.start + window > now,
                current.failures >= limit
            else { return nil }
            return max(current.start + window - now, .seconds(1))
        }
    }

    /// Gives leave back, with the result of the check.
    func finish(_ network: UInt64, failed: Bool, now: NIODeadline) {
        table.withLock { table in
            var current = table.windows[network] ?? Window(start: now)
            current.pending = max(0, current.pending - 1)
            if failed { current.failures += 1 }
            if current.failures == 0, current.pending == 0 {
                table.windows[network] = nil
            } else {
                remember(current, of: network, in: &table)
            }
        }
    }

    /// Networks in the table.
    var count: Int {
        table.withLock { $0.windows.count }
    }

    private func remember(_ current: Window, of network: UInt64, in table: inout Table) {
        let known = table.windows.updateValue(current, forKey: network)
        guard known?.start != current.start else { return }
        table.order.append((network, current.start))
        // Every window is in the list, so this ends. A network that came and went leaves entries without a window:
        // twice the capacity bounds those.
        while table.windows.count > capacity || table.order.count > 2 * capacity, let oldest = table.order.popFirst() {
            if let window = table.windows[oldest.network], window.start == oldest.start {
                table.windows[oldest.network] = nil
            }
        }
    }
}
