import ArgumentParser
import Gateway
import Simulator

/// `hookgate phone`.
struct PhoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phone",
        abstract: "Call, pick up, press, transfer and hang up in the terminal.",
        discussion: """
            Tells a gateway of what you type as sipgate would, and shows what it replies. Replies are obeyed: a menu asks \
            for keys. Reads standard input, so that a call can also be piped into it.

              hookgate phone --user sipgate --password-env PASSWORD \\
                --ca certs/ca.pem --url https://localhost:8443/hooks/sipgate
            """
    )

    @OptionGroup var receiver: ReceiverOptions

    func validate() throws {
        _ = try receiver.options(scenario: "answered")
    }

    func run() async throws {
        let show: @Sendable (String) -> Void = { _ = CommandResult(.done, output: $0).print() }
        do {
            // Waiting for a person keeps a thread, and nothing else happens meanwhile.
            let phone = Phone(try receiver.options(scenario: "answered"), readLine: { readLine() }, print: show)
            guard try await phone.run() else { throw ExitCode.failure }
        } catch let code as ExitCode {
            throw code
        } catch {
            try CommandResult(.failed, errors: "hookgate: \(error)\n").finish()
        }
    }
}
