import ArgumentParser
import Gateway

/// `hookgate reload`.
struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have the running gateway read its configuration again, and say what came of it.",
        discussion: """
            Checks the configuration first; if anything in it is wrong, it says all of it, ends with 78, and the gateway \
            hears nothing. The gateway is found by `pid_file`, or by the journal that it holds, or named with --pid. \
            What cannot be put in force leaves everything as it was, and this ends with 1.

              hookgate reload --config /etc/hookgate/hookgate.yaml
            """
    )

    @OptionGroup var options: ConfigurationOption
    @Option(help: ArgumentHelp("The process of the gateway.", valueName: "number"))
    var pid: Int32?
    @Option(help: ArgumentHelp("How long to wait for its answer.", valueName: "seconds"))
    var timeout = 30

    func validate() throws {
        if let pid, pid < 1 { throw ValidationError("--pid has to be the number of a process.") }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout has to be between 1 and 3600.") }
    }

    func run() async throws {
        try await ReloadCommand.run(path: options.config, process: pid, seconds: timeout).finish()
    }
}
