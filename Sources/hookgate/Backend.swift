import ArgumentParser
import Gateway
import Simulator

/// `hookgate backend`.
struct Backend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a development backend that prints every event it receives.",
        discussion: """
            Answers every request with the same status, at once or after a delay, to see what a gateway makes of it.

              hookgate backend
              hookgate backend --status 503 --delay 2s
              hookgate backend --json | jq .data.from
              hookgate backend --decide '{"actions": [{"dial": {"to": "voicemail"}}]}'
            """
    )

    @Option(help: ArgumentHelp("The address to listen on.", valueName: "host:port"))
    var listen = "127.0.0.1:9000"
    @Option(help: "The status of every response, 200 to 599.")
    var status = 200
    @Option(help: ArgumentHelp("How long to wait before each response: 500ms, 2s.", valueName: "time"))
    var delay = "0ms"
    @Option(help: ArgumentHelp("What to answer to POST /decide, the `decide` of a route.", valueName: "json"))
    var decide: String?
    @Flag(help: "Print the content of each request on a line of its own, and nothing else.")
    var json = false

    func validate() throws {
        _ = try options()
    }

    func run() async throws {
        let backend = DevelopmentBackend(try options()) { _ = CommandResult(.done, output: $0).print() }
        do {
            try await backend.run()
        } catch {
            try CommandResult(.failed, errors: "hookgate: \(listen): \(error)\n").finish()
        }
    }

    private func options() throws -> DevelopmentBackend.Options {
        guard (200...599).contains(status) else { throw ValidationError("--status has to be between 200 and 599.") }
        var options = DevelopmentBackend.Options()
        do {
            (options.host, options.port) = try ToolArguments.address(listen)
            options.delayMilliseconds = try ToolArguments.milliseconds(delay)
        } catch {
            throw ValidationError("\(error)")
        }
        options.status = status
        options.printsRaw = json
        options.decision = decide
        return options
    }
}
