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
    ///   - environment: where `${env:…}` looks.
    /// - Returns: how it ended.
    package static func run(
        path: String,
        environment: [String: String] = ProcessEnvironment.current
    ) async -> CommandResult {
        // Until reloading is at hand, the signal that asks for it would end the process.
        _ = signal(SIGHUP, SIG_IGN)
        let (checked, warnings) = CheckCommand.load(path: path, environment: environment)
        guard let configuration = checked else {
            return CommandResult(.configuration, errors: IssueReport.text(warnings))
        }
        let logger = Logger(configuration.logging)
        for issue in warnings {
            logger.warning(
                "the configuration can be used, but",
                metadata: ["key": "\(issue.key)", "problem": "\(issue.message)", "help": "\(issue.remedy ?? "-")"]
            )
        }
        do {
            try await GatewayApplication(configuration: configuration, logger: logger) {
                () throws(ConfigurationErrors) in try ConfigurationLoader.load(path: path, environment: environment).0
            }.run()
        } catch {
            return CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
        }
        return CommandResult(.done)
    }
}
