import NIOCore
import TLS

/// One timer for the deadlines of a connection: it is set when one is sooner than it, and compared with them when it fires.
///
/// A request that comes whole moves deadlines and never touches the timer.
struct LazyTimer {
    private let deadlines: LoopDeadlines
    private let timer = LoopDeadlines.Timer()

    init(_ deadlines: LoopDeadlines) {
        self.deadlines = deadlines
    }

    /// Sees to it that `fire` is called at a deadline or sooner.
    func arm(_ deadline: NIODeadline, on loop: any EventLoop, fire: @escaping () -> Void) {
        guard deadline < timer.deadline else { return }
        deadlines.set(timer, to: deadline, on: loop, fire: fire)
    }

    func cancel() {
        deadlines.cancel(timer)
    }
}
