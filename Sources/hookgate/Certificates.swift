import ArgumentParser
import Gateway

/// `hookgate cert`.
struct Certificates: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert",
        abstract: "Make certificates for development, or look at any certificate.",
        subcommands: [Generate.self, Inspect.self, Check.self]
    )
}

extension Certificates {
    /// `hookgate cert generate`.
    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a development certificate with its key and the authority that signed it.",
            discussion: """
                Writes server.pem, server.key and ca.pem. Existing files are kept unless --force is given. A provider does \
                not trust such a certificate: for the real thing take one from a public authority.

                  hookgate cert generate --name localhost --ip 127.0.0.1 --out certs
                  curl --cacert certs/ca.pem https://localhost:8443/
                """
        )

        @Option(help: ArgumentHelp("A DNS name of the server; may be repeated.", valueName: "name"))
        var name = ["localhost"]
        @Option(help: ArgumentHelp("An IP address of the server; may be repeated.", valueName: "address"))
        var ip = ["127.0.0.1", "::1"]
        @Option(help: "How many days it is valid, at most 3650.")
        var days = 365
        @Option(help: ArgumentHelp("The folder for the files.", valueName: "dir"), completion: .directory)
        var out = "certs"
        @Flag(help: "Replace existing files.")
        var force = false

        func validate() throws {
            guard (1...3650).contains(days) else { throw ValidationError("--days has to be between 1 and 3650.") }
        }

        func run() throws {
            try CertificateCommand.generate(names: name + ip, days: days, folder: out, replaces: force).finish()
        }
    }

    /// `hookgate cert inspect`.
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what is in a certificate chain, and whether it can be served.",
            discussion: """
                Ends with 1 when something is wrong: the key of another certificate, a chain out of order, bad dates.

                  hookgate cert inspect certs/server.pem --key certs/server.key
                """
        )

        @Argument(help: "The chain: PEM, the server's own certificate first.", completion: .file())
        var file: String
        @Option(help: ArgumentHelp("Its private key: PEM.", valueName: "file"), completion: .file())
        var key: String?
        @Option(help: ArgumentHelp("Holds the pass phrase of the key.", valueName: "file"), completion: .file())
        var passPhraseFile: String?

        func run() throws {
            try CertificateCommand.inspect(file: file, key: key, passPhraseFile: passPhraseFile).finish()
        }
    }

    /// `hookgate cert check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look at the certificate of a running server, as its clients get it.",
            discussion: """
                Connects from outside and tells which versions of TLS it speaks, which chain it sends, what is wrong with \
                it, what a client without SNI gets, and whether a client would trust it. Ends with 1 when one would not.

                  hookgate cert check hooks.example.net
                  hookgate cert check 127.0.0.1:8443 --name localhost --ca certs/ca.pem
                """
        )

        @Argument(help: "Where it is: a name or an address, and a port unless it is 443.")
        var server: String
        @Option(help: ArgumentHelp("The name to ask for and to verify, if it is not the host's.", valueName: "name"))
        var name: String?
        @Option(help: "PEM with the authorities to trust instead of the system's.", completion: .file())
        var ca: String?

        func run() async throws {
            try await CertificateProbe.check(address: server, name: name, authorities: ca).finish()
        }
    }
}
