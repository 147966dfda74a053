import Synchronization

/// Tells the service manager, once, that everything that serves is there.
final class Readiness: Sendable {
    /// What has to be there besides the listeners, which are bound first.
    enum Part: Hashable {
        /// SIGHUP is waited for, and no longer ends the process.
        case reloading
        case admin
    }

    private let missing: Mutex<Set<Part>>
    private let whole: @Sendable () -> Void

    /// - Parameters:
    ///   - parts: What has to come.
    ///   - whole: Called when the last of them has.
    init(_ parts: Set<Part>, whole: @escaping @Sendable () -> Void) {
        missing = Mutex(parts)
        self.whole = whole
    }

    /// A part is there.
    func reached(_ part: Part) {
        let isWhole = missing.withLock { missing in missing.remove(part) != nil && missing.isEmpty }
        if isWhole { whole() }
    }
}
