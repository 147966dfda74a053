import ArgumentParser
import Gateway
import Simulator

/// `hookgate simulate`.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a telephone call against a gateway, as the provider would.",
        discussion: """
            Posts without credentials until it is challenged, repeats on the same connection, reads the XML as strictly as
            it is documented, and goes on at the addresses it finds there. Prints every step; ends with 1 when anything is
            wrong. Credentials may stand in the address, as at the provider, but arguments can be seen by others on the
            machine: --password-file and --password-env are better.

            Scenarios:
              answered   a call comes in, is picked up, and ends

              hookgate simulate answered --user sipgate \
                --password-file password.txt --ca certs/ca.pem \
                --url https://localhost:8443/hooks/sipgate

            For a public name that does not resolve here add
              --connect 127.0.0.1:8443
            """
    )

    @Argument(help: "What is played: answered.", completion: .list(Simulation.Scenario.allCases.map(\.rawValue)))
    var scenario: String
    @Option(help: "The address of the route, as it would be entered at the provider.")
    var url: String
    @Option(help: "The user to answer a challenge as.")
    var user: String?
    @Option(help: ArgumentHelp("Holds the user's password.", valueName: "file"), completion: .file())
    var passwordFile: String?
    @Option(help: ArgumentHelp("The environment variable with the user's password.", valueName: "name"))
    var passwordEnv: String?
    @Option(
        help: ArgumentHelp("PEM with the authorities to trust instead of the system's.", valueName: "file"),
        completion: .file()
    )
    var ca: String?
    @Flag(help: "Take any certificate. Proves nothing about who answers.")
    var insecure = false
    @Option(help: ArgumentHelp("Connect there, whatever the addresses say.", valueName: "host:port"))
    var connect: String?
    @Option(help: "The calling number: digits with country code, or anonymous.")
    var from = "4921155667788"
    @Option(help: "The called number.")
    var to = "4921199887766"

    func validate() throws {
        _ = try options()
    }

    func run() async throws {
        let simulation = Simulation(try options()) { _ = CommandResult(.done, output: $0).print() }
        guard await simulation.run() else { throw ExitCode.failure }
    }

    private func options() throws -> Simulation.Options {
        do {
            return try Simulation.Options(
                scenario: scenario,
                url: url,
                user: user,
                password: password(),
                authorityFile: ca,
                verifies: !insecure,
                connect: connect,
                from: from,
                to: to
            )
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func password() throws -> String? {
        if let passwordFile { return try SecretInput.file(passwordFile) }
        return try passwordEnv.map { try SecretInput.environment($0) }
    }
}
