import NIOCore

/// One timer for the deadlines of a connection: it is set when one is sooner than it, and compared with them when it fires.
///
/// A request that comes whole moves deadlines and never touches the timer.
struct LazyTimer {
    private var timer: Scheduled<Void>?
    private var due = NIODeadline.distantFuture

    /// Sees to it that `fire` is called at a deadline or sooner; `fired` has to be called then.
    mutating func arm(_ deadline: NIODeadline, on loop: any EventLoop, fire: @escaping () -> Void) {
        guard deadline < due else { return }
        timer?.cancel()
        due = deadline
        timer = loop.assumeIsolated().scheduleTask(deadline: deadline, fire)
    }

    mutating func fired() {
        timer = nil
        due = .distantFuture
    }

    mutating func cancel() {
        timer?.cancel()
        timer = nil
    }
}
