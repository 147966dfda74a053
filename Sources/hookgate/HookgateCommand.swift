import ArgumentParser
import Gateway

/// The command line of Hookgate.
@main
struct HookgateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hookgate",
        abstract: "A gateway that takes webhooks over HTTPS and hands clean JSON events to your backends.",
        discussion: """
            Try it, in three terminals:
              hookgate cert generate
              hookgate backend
              hookgate run
              echo development > password.txt
              hookgate simulate answered --user sipgate \\
                --password-file password.txt --ca certs/ca.pem \\
                --url https://localhost:8443/hooks/sipgate

            Exit codes: 0 done, 1 it failed, 2 the arguments make no sense, \
            78 the configuration is wrong.

            Shell completions, for bash, zsh or fish:
              hookgate --generate-completion-script bash
            """,
        version: ProgramVersion.text,
        subcommands: [
            Run.self, Check.self, Reload.self, Health.self, Certificates.self, Password.self, Backend.self,
            Simulate.self, PhoneCommand.self, Events.self, Forget.self, Explain.self, Reasons.self,
        ]
    )

    /// As the parser's own, but wrong arguments end with 2, which is what shells and scripts expect, not with 64.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            _ = CommandResult(.usage, errors: fullMessage(for: error) + "\n").print()
            exit(withError: ExitCode(CommandResult.Status.usage.rawValue))
        }
    }
}

extension CommandResult {
    /// Prints what there is to say and ends the command with its code.
    func finish() throws {
        let code = print()
        if code != 0 { throw ExitCode(code) }
    }
}

/// The option that names the configuration.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: [.customShort("c"), .long],
        help: ArgumentHelp("The configuration. Paths in it are relative to it.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var config = "config/hookgate.yaml"
}
