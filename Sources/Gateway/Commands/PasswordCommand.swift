import Auth

/// `hookgate password`: makes the hash of a password for the configuration.
package enum PasswordCommand {
    /// Reads a password and prints its hash.
    ///
    /// - Returns: the hash alone on standard output, so that it can be redirected.
    package static func run() -> CommandResult {
        let password: String
        do {
            password = try PasswordPrompt.read()
        } catch {
            return CommandResult(.failed, errors: "hookgate: \(words(error))\n")
        }
        do {
            return CommandResult(.done, output: try PasswordHash.make(Secret(password)) + "\n")
        } catch {
            return CommandResult(.failed, errors: "hookgate: \(error)\n")
        }
    }

    private static func words(_ problem: PasswordPrompt.Problem) -> String {
        switch problem {
        case .interrupted: "interrupted"
        case .empty: "no password was given"
        case .different: "the two are not the same"
        case .invalid: "a password is one line of UTF-8 text without control characters, at most 1024 bytes"
        }
    }
}
