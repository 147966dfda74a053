internal import Synchronization

/// What a listener bears now: exchanged as a whole, and a connection keeps what it began with.
final class ListenerLimits: Sendable {
    private let limits: Mutex<EdgeLimits>

    init(_ limits: EdgeLimits) {
        self.limits = Mutex(limits)
    }

    /// What holds for a connection that comes now.
    var current: EdgeLimits { limits.withLock { $0 } }

    /// Puts others in their place.
    func replace(by other: EdgeLimits) {
        limits.withLock { $0 = other }
    }
}
