import ArgumentParser
import Gateway

/// `hookgate health`.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running gateway whether it can do its work.",
        discussion: """
            Asks the listener of `admin.address` for /readyz, within 5 seconds. Ends with 0 when requests should be sent \
            there; else with 1, and says why: a journal that cannot be written, a certificate that has ended, a gateway \
            that is stopping or does not run. A certificate is not verified on this machine, unless --ca is given.

              hookgate health
              hookgate health --url https://hooks.example.net:9443
            """
    )

    @Option(help: ArgumentHelp("Where the gateway listens for operators.", valueName: "url"))
    var url = "http://127.0.0.1:9443"
    @Option(help: "PEM with the authorities to trust instead of the system's.", completion: .file())
    var ca: String?

    func run() async throws {
        try await HealthCommand.run(url: url, authorities: ca).finish()
    }
}
