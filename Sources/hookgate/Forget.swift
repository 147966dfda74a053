import ArgumentParser
import Gateway

/// `hookgate forget`.
struct Forget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a telephone number, and the names that belong to it, out of what is kept.",
        discussion: """
            Works on the journal of a gateway that runs, and of one that is stopped. Events stay, and say `erased` where \
            the number stood, however it was written. What still waits for delivery is left as it was accepted and listed, \
            unless --now is given. It can be run again at any time. Refusals that name the number are removed; they do only \
            where mask_personal_data is, or was, false. Which files were looked at is told. docs/privacy.md says what it \
            cannot reach.

              hookgate forget --dry-run "+49 211 5566778"
              hookgate forget +492115566778
            """
    )

    @OptionGroup var journal: JournalOption
    @Argument(
        help: "The number with its country code; - reads it from standard input, where no list of processes shows it."
    )
    var number: String
    @Option(
        help: ArgumentHelp(
            "The file of refusals, instead of the one that the configuration names, or that lies beside --journal.",
            valueName: "file"
        ),
        completion: .file()
    )
    var refusals: String?
    @Flag(help: "Tell what would be erased, and change nothing.")
    var dryRun = false
    @Flag(help: "Erase also in events that still wait for delivery: they are delivered without the number.")
    var now = false
    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        if number != "-", let fault = ForgetCommand.fault(in: number) { throw ValidationError("NUMBER: \(fault).") }
    }

    func run() async throws {
        let text = number == "-" ? readLine() ?? "" : number
        let places = try journal.places(refusals: refusals)
        let command = try ForgetCommand(places, number: text)
        try await (dryRun ? command.look(json: json) : command.run(isImmediate: now, json: json)).finish()
    }
}
