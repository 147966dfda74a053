/// `hookgate check`: everything that is wrong with a configuration, or what it means.
package enum CheckCommand {
    /// Reads the configuration and the certificates it names; serves nothing.
    ///
    /// - Parameters:
    ///   - path: the configuration.
    ///   - environment: where `${env:…}` looks.
    /// - Returns: a summary, or the issues and 78.
    package static func run(
        path: String,
        environment: [String: String] = ProcessEnvironment.current
    ) -> CommandResult {
        let (checked, issues) = load(path: path, environment: environment)
        guard let configuration = checked else {
            return CommandResult(.configuration, errors: IssueReport.text(issues))
        }
        let certificates = configuration.listeners.map { CertificateReport.of($0.tls) }
        let summary = ConfigurationSummary(configuration, certificates: certificates).text
        return CommandResult(.done, output: "\(path) can be used\n\n" + summary, errors: IssueReport.text(issues))
    }

    /// Reads a configuration and the certificates it names.
    ///
    /// - Returns: the configuration, nil when it cannot be used, and everything there is to say about it.
    static func load(
        path: String,
        environment: [String: String]
    ) -> (configuration: GatewayConfiguration?, issues: [ConfigurationIssue]) {
        let configuration: GatewayConfiguration
        var issues: [ConfigurationIssue]
        do {
            (configuration, issues) = try ConfigurationLoader.load(path: path, environment: environment)
        } catch {
            return (nil, error.issues)
        }
        issues += CertificateReport.issues(configuration, file: path)
        issues += CertificateReport.nameIssues(configuration, file: path)
        return (issues.contains { $0.severity == .error } ? nil : configuration, issues)
    }
}
