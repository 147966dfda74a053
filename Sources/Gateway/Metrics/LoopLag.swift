import NIOCore
import Webhooks

/// Measures how late an event loop does what was to be done at a moment: what every request on it waits.
///
/// Used on that loop only.
final class LoopLag {
    private static let period = TimeAmount.milliseconds(250)

    /// In nanoseconds.
    private(set) var histogram = Histogram(bounds: Histogram.latencyBounds)
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Measures from now on, until the loop ends.
    func start() {
        look(at: eventLoop.now + LoopLag.period)
    }

    private func look(at due: NIODeadline) {
        eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            let now = self.eventLoop.now
            self.histogram.record(Int((now - due).nanoseconds))
            self.look(at: now + LoopLag.period)
        }
    }
}

@available(*, unavailable)
extension LoopLag: Sendable {}
