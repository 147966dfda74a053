import Glibc
import Logging

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
        // Until reloading is at hand, the signal that asks for it would end the process.
        _ = signal(SIGHUP, SIG_IGN)
        let supervision = Supervision.takeOver(environment)
        var result = await serve(path: path, environment: environment, supervision)
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
        _ supervision: Supervision
    ) async -> CommandResult {
        let (checked, warnings) = CheckCommand.load(path: path, environment: environment)
        guard let configuration = checked else {
            return CommandResult(.configuration, errors: IssueReport.text(warnings))
        }
        let logger = Logger(configuration.logging, isForJournal: JournalStream.isStandardError(environment))
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
            try await GatewayApplication(configuration: configuration, supervision: supervision, logger: logger) {
                () throws(ConfigurationErrors) in try ConfigurationLoader.load(path: path, environment: environment).0
            }.run()
        } catch {
            return CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
        }
        return CommandResult(.done)
    }
}
