internal import Synchronization

/// What a listener bears now: exchanged as a whole, and a connection keeps what it began with.
final class ListenerLimits: Sendable {
    private let limits: Mutex<SharedLimits>

    init(_ limits: EdgeLimits) {
        self.limits = Mutex(SharedLimits(limits))
    }

    /// What holds for a connection that comes now.
    var current: SharedLimits { limits.withLock { $0 } }

    /// Puts others in their place.
    func replace(by other: EdgeLimits) {
        limits.withLock { $0 = SharedLimits(other) }
    }
}

/// Limits that many connections look at: a copy in every handler is a fifth of a kibibyte each.
final class SharedLimits: Sendable {
    let values: EdgeLimits

    init(_ values: EdgeLimits) {
        self.values = values
    }
}
