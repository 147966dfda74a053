import Logging
import ServiceLifecycle
import Synchronization

/// Tells the service manager that the process lives, and how things stand.
///
/// A sign of life goes out only when every part has answered since the last one: an event loop that hangs, or a writer
/// of the journal that does, silences it, and the manager ends the process and starts another.
struct LifeSigns: Service, CustomStringConvertible {
    let description = "life signs"

    /// Something that has to run for the process to be of use.
    struct Part: Sendable {
        /// For the log.
        let name: String
        /// Has the given closure called by that part.
        let ask: @Sendable (@escaping @Sendable () -> Void) -> Void
    }

    let manager: ServiceManager
    /// How long the manager bears silence; nil: for ever.
    let watchdog: Duration?
    let parts: [Part]
    /// How things stand, in one line.
    let status: @Sendable () -> String
    let logger: Logger

    /// Without a watchdog, how often the status is looked at.
    private static let statusPause = Duration.seconds(10)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var told = ""
            while !Task.isCancelled {
                await hear()
                if watchdog != nil { manager.alive() }
                let now = status()
                if now != told { manager.status(now) }
                told = now
                try await Task.sleep(for: watchdog.map { min($0 / 2, LifeSigns.statusPause) } ?? LifeSigns.statusPause)
            }
        }
    }

    /// Returns when every part has answered, or when the gateway goes down.
    private func hear() async {
        guard let watchdog else { return }
        let silent = Silent(names: parts.map(\.name))
        let (answers, continuation) = AsyncStream.makeStream(of: String.self)
        for part in parts { part.ask { continuation.yield(part.name) } }
        await withTaskGroup { group in
            group.addTask {
                guard (try? await Task.sleep(for: watchdog / 4)) != nil, !silent.left.isEmpty else { return }
                logger.critical(
                    "parts of the gateway do not answer: the service manager will end it",
                    metadata: ["parts": .array(silent.left.map { .string($0) })]
                )
            }
            for await name in answers where silent.heard(name) { break }
            group.cancelAll()
        }
    }

    /// Who has not answered yet.
    private final class Silent: Sendable {
        private let names: Mutex<[String]>

        init(names: [String]) {
            self.names = Mutex(names)
        }

        var left: [String] { names.withLock { $0 } }

        /// Whether that was the last one.
        func heard(_ name: String) -> Bool {
            names.withLock { names in
                names.removeAll { $0 == name }
                return names.isEmpty
            }
        }
    }
}
