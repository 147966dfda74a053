import ArgumentParser
import Gateway

/// `hookgate explain`.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a request was refused, or what became of it.",
        discussion: """
            ID is the X-Request-Id of a reply, the id of an event, or the provider's id of a call. With --last it is how \
            many refusals to list, the latest first. Works on the files of a gateway that runs, and of one that is stopped.

              hookgate explain 1D5KX0Q3W8ZT
              hookgate explain --last 50 --reason invalid_number --since 24h
            """
    )

    @OptionGroup var configuration: ConfigurationOption
    @Option(
        help: ArgumentHelp("The journal itself; the refusals are looked for beside it.", valueName: "file"),
        completion: .file()
    )
    var journal: String?
    @Argument(help: ArgumentHelp("Of a request, an event or a call; with --last: how many.", valueName: "ID"))
    var id: String?
    @Flag(help: "List the latest refusals.")
    var last = false
    @Option(help: ArgumentHelp("Refused for this reason, see docs/reasons.md.", valueName: "word"))
    var reason: String?
    @Option(help: ArgumentHelp("Refused from this address.", valueName: "address"))
    var client: String?
    @Option(help: ArgumentHelp("Refused on this route.", valueName: "path"))
    var route: String?
    @Option(help: ArgumentHelp("Refused since: 30m, 24h, 7d ago, or 2026-11-23T06:00:00Z.", valueName: "time"))
    var since: String?
    @Flag(help: "JSON: an array of stories, or one refusal a line.")
    var json = false

    func validate() throws {
        if last {
            if let id, Int(id).map({ $0 < 1 }) ?? true {
                throw ValidationError("--last takes a number of refusals, 1 or more.")
            }
        } else if id == nil {
            throw ValidationError("Name a request, an event or a call, or say --last.")
        } else if reason != nil || client != nil || route != nil || since != nil {
            throw ValidationError("--reason, --client, --route and --since go with --last.")
        }
        _ = try selection()
    }

    func run() throws {
        let command: ExplainCommand
        do {
            command = try ExplainCommand(
                journal: journal,
                configuration: configuration.config,
                environment: ProcessEnvironment.current
            )
        } catch let problem as CommandProblem {
            return try CommandResult(problem.status, errors: "hookgate: \(problem)\n").finish()
        }
        if last {
            try command.last(id.flatMap(Int.init) ?? 20, selection(), json: json).finish()
        } else if let id {
            try command.explain(id, json: json).finish()
        }
    }

    private func selection() throws -> ExplainCommand.Selection {
        do {
            return try ExplainCommand.Selection(reason: reason, client: client, route: route, since: since)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// `hookgate reasons`.
struct Reasons: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print every word for what happened, with its meaning: docs/reasons.md."
    )

    func run() throws {
        try CommandResult(.done, output: ReasonPage.markdown).finish()
    }
}
