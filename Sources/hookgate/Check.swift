import ArgumentParser
import Gateway

/// `hookgate check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say everything that is wrong with a configuration, or what it means.",
        discussion: """
            Reads what `run` would read, certificates and secrets included, and serves nothing. Secrets are not printed. \
            Ends with 78 when the configuration cannot be used; warnings alone end with 0.

              hookgate check && systemctl reload-or-restart hookgate

            With --against it sends the events of a journal through the configuration, and tells which decisions, replies and \
            deliveries would be different. Nothing is sent, nobody is asked, and the journal is only read. Ends with 0 when \
            nothing would be different, and with 1 otherwise.

              hookgate check --config new.yaml --against var/journal.sqlite --since 7d
            """
    )

    @OptionGroup var options: ConfigurationOption
    @Option(
        help: ArgumentHelp("A journal whose events are sent through.", valueName: "journal"),
        completion: .file()
    )
    var against: String?
    @Option(help: ArgumentHelp("Events accepted since: 24h, 7d ago, or 2026-11-23T06:00:00Z.", valueName: "time"))
    var since: String?
    @Option(help: "How many of the latest events.")
    var limit: Int?
    @Flag(help: "With --against: one JSON object a line for every difference.")
    var json = false

    func validate() throws {
        guard against != nil || (since == nil && limit == nil && !json) else {
            throw ValidationError("--since, --limit and --json go with --against.")
        }
        guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit has to be 1 or more.") }
        _ = try filter()
    }

    private func filter() throws -> EventFilter {
        do {
            return try EventFilter(since: since)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() throws {
        let checked = CheckCommand.run(path: options.config)
        guard let against, checked.status == .done else { return try checked.finish() }
        try RehearsalCommand(configuration: options.config, journal: against)
            .run(filter(), limit: limit, json: json).finish()
    }
}
