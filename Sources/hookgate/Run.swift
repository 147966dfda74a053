import ArgumentParser
import Gateway

/// `hookgate run`.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve.",
        discussion: """
            Checks the configuration first and serves nothing if anything in it is wrong. Logs go to standard error. \
            SIGTERM and Ctrl-C let requests that have begun finish, for at most `shutdown_timeout`.

              hookgate run --config /etc/hookgate/hookgate.yaml
            """
    )

    @OptionGroup var options: ConfigurationOption

    func run() async throws {
        MallocTuning.apply()
        try await RunCommand.run(path: options.config).finish()
    }
}
