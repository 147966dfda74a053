import ArgumentParser
import Gateway
import NIOCore
import Simulator

/// `hookgate simulate`.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a telephone call against a gateway, as the provider would.",
        discussion: """
            Posts without credentials until it is challenged, repeats on the same connection, reads the XML as strictly as \
            it is documented, and goes on at the addresses it finds there. Prints every step; ends with 1 when anything is \
            wrong. Credentials may stand in the address, as at the provider, but arguments can be seen by others on the \
            machine: --password-file and --password-env are better.

            --list names the scenarios, --show prints one as a file to begin one's own with. Replies are obeyed: calls are \
            turned away, keys pressed, mailboxes reached as the XML says. With --calls it is a load: the report then counts.

              hookgate simulate answered --user sipgate \\
                --password-file password.txt --ca certs/ca.pem \\
                --url https://localhost:8443/hooks/sipgate

            For a public name that does not resolve here add
              --connect 127.0.0.1:8443
            """
    )

    @Argument(
        help: "What is played: one of --list, or a file that ends in .yaml.",
        completion: .list(BuiltInScenarios.all.map(\.name))
    )
    var scenario = "answered"
    @OptionGroup var receiver: ReceiverOptions
    @Flag(help: "Name the scenarios.")
    var list = false
    @Flag(help: "Print the scenario instead of playing it.")
    var show = false
    @Option(
        help: ArgumentHelp(
            "Examine a receiver, https or http, and print how well it would get on with the provider.",
            valueName: "url"
        )
    )
    var report: String?
    @Option(help: "How many calls to play.")
    var calls = 1
    @Option(help: "How many calls begin in a second.")
    var rate = 10.0
    @Option(help: "Makes ids and callers; the same seed makes the same ones.")
    var seed: UInt64?
    @Option(
        help:
            "Do something that the provider does not: \(Simulation.Fault.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var fault: String?
    @Option(
        help: ArgumentHelp(
            "Complain about a reply that takes longer, in milliseconds: a caller hears nothing meanwhile.",
            valueName: "ms"
        )
    )
    var patience = 2000

    func validate() throws {
        if list || show { return }
        _ = try options()
    }

    func run() async throws {
        if list || show { return try tell() }
        let options = try options()
        let show: @Sendable (String) -> Void = { _ = CommandResult(.done, output: $0).print() }
        let isGood = await Interruption.whileRunning {
            if report != nil { return await Conformance(options, print: show).run() }
            return await Simulation(
                options,
                progress: { _ = CommandResult(.done, errors: "\($0)\n").print() },
                print: show
            ).run()
        }
        guard isGood else { throw ExitCode.failure }
    }

    private func tell() throws {
        if list {
            let lines = try BuiltInScenarios.all.map { name, text in
                let about = try ScenarioReader.read(text, file: name).about
                return name + String(repeating: " ", count: max(1, 18 - name.count)) + about + "\n"
            }
            try CommandResult(.done, output: lines.joined()).finish()
        } else {
            guard let text = BuiltInScenarios.text(scenario) else {
                throw ValidationError("There is no such scenario; --list names them.")
            }
            try CommandResult(.done, output: text).finish()
        }
    }

    private func options() throws -> Simulation.Options {
        guard (1...10_000_000).contains(calls), rate > 0, rate <= 100_000 else {
            throw ValidationError("--calls is from 1 to 10000000, and --rate above 0 and at most 100000.")
        }
        guard (1...600_000).contains(patience) else {
            throw ValidationError("--patience is from 1 to 600000 milliseconds.")
        }
        var options = try receiver.options(scenario: scenario, at: report)
        options.calls = calls
        options.rate = rate
        options.seed = seed
        options.patience = .milliseconds(Int64(patience))
        options.fault = try fault.map { name in
            guard let fault = Simulation.Fault(rawValue: name) else {
                let known = Simulation.Fault.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("There is no fault \(name); there are: \(known).")
            }
            return fault
        }
        return options
    }
}
