import ArgumentParser
import Gateway

/// `hookgate check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say everything that is wrong with a configuration, or what it means.",
        discussion: """
            Reads what `run` would read, certificates and secrets included, and serves nothing. Secrets are not printed.
            Ends with 78 when the configuration cannot be used; warnings alone end with 0.

              hookgate check && systemctl reload-or-restart hookgate
            """
    )

    @OptionGroup var options: ConfigurationOption

    func run() throws {
        try CheckCommand.run(path: options.config).finish()
    }
}
