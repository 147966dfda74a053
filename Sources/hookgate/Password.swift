import ArgumentParser
import Gateway

/// `hookgate password`.
struct Password: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the hash of a password for the configuration.",
        discussion: """
            Asks for the password twice, or takes one line of standard input, and prints the hash for `password_hash`.

              hookgate password
              openssl rand -base64 24 | tee password.txt | hookgate password
            """
    )

    func run() throws {
        try PasswordCommand.run().finish()
    }
}
