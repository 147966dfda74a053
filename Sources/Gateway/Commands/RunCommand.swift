import Logging
import UnixSignals

/// `hookgate run`: checks the configuration and serves until it is told to end.
package enum RunCommand {
    /// Serves.
    ///
    /// Returns after SIGTERM or SIGINT when everything that was begun is finished, or when it cannot start.
    ///
    /// - Parameters:
    ///   - path: the configuration.
    ///   - environment: where `${env:…}` looks, and whoever started this process says what it hands over.
    /// - Returns: how it ended.
    package static func run(
        path: String,
        environment: [String: String] = ProcessEnvironment.current
    ) async -> CommandResult {
        // Before the configuration is read: whoever has changed it since is heard when there is something to reload.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        let supervision = Supervision.takeOver(environment)
        var result = await serve(path: path, environment: environment, supervision, hangUps)
        if !result.errors.isEmpty {
            let lines = result.errors.split(separator: "\n").prefix(1)
            supervision.manager.status(lines.joined())
            if JournalStream.isStandardError(environment) {
                result.errors = JournalStream.marked(result.errors, .error)
            }
        }
        return result
    }

    private static func serve(
        path: String,
        environment: [String: String],
        _ supervision: Supervision,
        _ hangUps: UnixSignalsSequence
    ) async -> CommandResult {
        let (checked, warnings) = CheckCommand.load(path: path, environment: environment)
        guard let configuration = checked else {
            return CommandResult(.configuration, errors: IssueReport.text(warnings))
        }
        LibraryMetrics.bootstrap()
        let log = LiveLog(configuration.logging, isForJournal: JournalStream.isStandardError(environment))
        let logger = log.logger()
        for problem in supervision.problems {
            logger.error("handed over at the start, but of no use", metadata: ["problem": "\(problem)"])
        }
        for issue in warnings {
            logger.warning(
                "the configuration can be used, but",
                metadata: ["key": "\(issue.key)", "problem": "\(issue.message)", "help": "\(issue.remedy ?? "-")"]
            )
        }
        do {
            try await GatewayApplication(
                configuration: configuration,
                supervision: supervision,
                log: log,
                hangUps: hangUps
            ) { () throws(ConfigurationErrors) in
                let (next, issues) = CheckCommand.load(path: path, environment: environment)
                guard let next else { throw ConfigurationErrors(issues: issues) }
                return next
            }.run()
        } catch {
            return CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
        }
        return CommandResult(.done)
    }
}
