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
        let configuration: GatewayConfiguration
        let warnings: [ConfigurationIssue]
        do {
            (configuration, warnings) = try ConfigurationLoader.load(path: path, environment: environment)
        } catch {
            return CommandResult(.configuration, errors: IssueReport.text(error.issues))
        }
        let findings =
            CertificateReport.issues(configuration, file: path)
            + CertificateReport.nameIssues(configuration, file: path)
        guard !findings.contains(where: { $0.severity == .error }) else {
            return CommandResult(.configuration, errors: IssueReport.text(warnings + findings))
        }
        let logger = Logger(configuration.logging)
        for issue in warnings + findings {
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
