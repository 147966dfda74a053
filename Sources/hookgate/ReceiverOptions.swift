import ArgumentParser
import Gateway
import OpenSSL
import Simulator

/// Who is pushed to, and how one gets in there.
struct ReceiverOptions: ParsableArguments {
    @Option(help: "The address of the route, as it would be entered at the provider.")
    var url: String?
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
    @Option(
        help: ArgumentHelp(
            "Sign pushes with this RSA key; `openssl genrsa -out key.pem 2048` makes one.",
            valueName: "file"
        ),
        completion: .file()
    )
    var signingKey: String?

    /// What they mean.
    ///
    /// - Parameters:
    ///   - scenario: what is played.
    ///   - address: where, instead of `--url`; may be plain http.
    /// - Returns: the options of a simulation.
    /// - Throws: `ValidationError`.
    func options(scenario: String, at address: String? = nil) throws -> Simulation.Options {
        guard let target = address ?? url else {
            throw ValidationError("Where to? --url names the address of the route.")
        }
        do {
            var options = try Simulation.Options(
                scenario: scenario,
                url: target,
                user: user,
                password: password(),
                authorityFile: ca,
                verifies: !insecure,
                connect: connect,
                from: from,
                to: to,
                takesPlain: address != nil
            )
            options.signingKey = try signingKey.map { try PrivateKey(file: $0) }
            return options
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func password() throws -> String? {
        if let passwordFile { return try SecretInput.file(passwordFile) }
        return try passwordEnv.map { try SecretInput.environment($0) }
    }
}
