import NIOCore

/// One timer for the deadlines of a connection: it is set when one is sooner than it, and compared with them when it fires.
///
/// A request that comes whole moves deadlines and never touches the timer.
struct LazyTimer {
    private var timer: NIOScheduledCallback?
    private var due = NIODeadline.distantFuture

    /// Sees to it that `fire` is called at a deadline or sooner; `fired` has to be called then.
    mutating func arm(_ deadline: NIODeadline, on loop: any EventLoop, fire: @escaping () -> Void) {
        guard deadline < due else { return }
        timer?.cancel()
        due = deadline
        // Fails only while the event loop is being shut down, and the channel with it.
        timer = try? loop.scheduleCallback(at: deadline, handler: Target(fire: NIOLoopBound(fire, eventLoop: loop)))
    }

    mutating func fired() {
        timer = nil
        due = .distantFuture
    }

    mutating func cancel() {
        timer?.cancel()
        timer = nil
    }

    private struct Target: NIOScheduledCallbackHandler, Sendable {
        let fire: NIOLoopBound<() -> Void>

        func handleScheduledCallback(eventLoop: some EventLoop) {
            fire.value()
        }
    }
}
