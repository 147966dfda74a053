import Dispatch
import Glibc

/// Ctrl-C as the end of a task, which then says what it has seen so far.
enum Interruption {
    /// Runs something until it ends, or until SIGINT cancels it; a second SIGINT ends the process.
    static func whileRunning<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let task = Task { await body() }
        let source = DispatchSource.makeSignalSource(signal: SIGINT)
        source.setEventHandler {
            signal(SIGINT, SIG_DFL)
            task.cancel()
        }
        signal(SIGINT, SIG_IGN)
        source.resume()
        let value = await task.value
        source.cancel()
        signal(SIGINT, SIG_DFL)
        return value
    }
}
