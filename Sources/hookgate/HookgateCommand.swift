import ArgumentParser

/// The command line of Hookgate.
@main
struct HookgateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hookgate")
}
