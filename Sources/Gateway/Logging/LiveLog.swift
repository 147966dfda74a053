package import Logging
import Synchronization

/// How logs look now: loggers are copied everywhere, and all of them ask here.
package final class LiveLog: Sendable {
    private let level: Atomic<Int>
    /// Whether lines are JSON.
    private let isJSON: Atomic<Bool>
    private let handler: Mutex<any LogHandler>
    private let isForJournal: Bool
    let output: any LogOutput

    /// - Parameters:
    ///   - configuration: How they look at first.
    ///   - isForJournal: Whether systemd's journal reads them.
    ///   - output: Where they go.
    package init(
        _ configuration: LoggingConfiguration,
        isForJournal: Bool = false,
        output: any LogOutput = StandardError()
    ) {
        self.isForJournal = isForJournal
        self.output = output
        let handler = Logger(configuration, isForJournal: isForJournal, output: output).handler
        level = Atomic(LiveLog.place(of: handler.logLevel))
        isJSON = Atomic(configuration.format == .json)
        self.handler = Mutex(handler)
    }

    /// Logs look otherwise from the next line on.
    package func replace(by configuration: LoggingConfiguration) {
        let other = Logger(configuration, isForJournal: isForJournal, output: output).handler
        level.store(LiveLog.place(of: other.logLevel), ordering: .relaxed)
        isJSON.store(configuration.format == .json, ordering: .relaxed)
        handler.withLock { $0 = other }
    }

    /// A logger that follows it.
    package func logger(label: String = GatewayLogHandler.label) -> Logger {
        Logger(label: label) { _ in LiveLogHandler(log: self) }
    }

    var currentLevel: Logger.Level { Logger.Level.allCases[level.load(ordering: .relaxed)] }

    fileprivate var current: any LogHandler { handler.withLock { $0 } }

    /// The form of a line that is begun now.
    func makeLine() -> LogLine {
        LogLine(format: isJSON.load(ordering: .relaxed) ? .json : .text, isForJournal: isForJournal)
    }

    private static func place(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

/// Hands records to the handler that is in force.
private struct LiveLogHandler: LogHandler {
    let log: LiveLog
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    /// Set on one logger alone.
    private var ownLevel: Logger.Level?

    init(log: LiveLog) {
        self.log = log
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? log.currentLevel }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var handler = log.current
        for (key, value) in metadata { handler[metadataKey: key] = value }
        handler.metadataProvider = metadataProvider ?? handler.metadataProvider
        handler.log(event: event)
    }
}
