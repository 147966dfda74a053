import ServiceLifecycle
import UnixSignals

/// Ends the gateway when SIGTERM or SIGINT asks for it.
///
/// Trapped before the first listener is bound: from then on somebody may have begun something that has to be finished. One
/// that comes before everything has started is heard then.
struct EndSignals: Service {
    private let signals: UnixSignalsSequence

    /// From here on both wait to be heard.
    static func trap() async -> EndSignals {
        EndSignals(signals: await UnixSignalsSequence(trapping: .sigterm, .sigint))
    }

    /// Returns when one of them has come, or when the gateway ends without.
    func run() async {
        for await _ in signals.cancelOnGracefulShutdown() { return }
    }
}
