import ArgumentParser
import Gateway

/// `hookgate events`.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "See what was accepted and what became of it, and mend it.",
        discussion: """
            Works on the journal of a gateway that runs, and of one that is stopped. An event has one state at each \
            destination: pending, delivered, dead, expired or dropped.

              hookgate events list --state dead --since 24h
              hookgate events show 019ab0f1-6f2c-7d3e-9a51-0c7be1c4f7aa
              hookgate events retry --state dead --destination crm
            """,
        subcommands: [List.self, Show.self, Tail.self, Retry.self, Drop.self, Audit.self]
    )
}

/// Which journal.
struct JournalOption: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOption
    @Option(
        help: ArgumentHelp("The journal itself, instead of the one that the configuration names.", valueName: "file"),
        completion: .file()
    )
    var journal: String?

    func file() throws -> JournalFile {
        try JournalFile.locate(journal: journal, configuration: configuration.config)
    }

    func places(refusals: String?) throws -> KeptPlaces {
        try KeptPlaces(journal: journal, refusals: refusals, configuration: configuration.config)
    }
}

/// Which events.
struct EventFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The route, by its path.", valueName: "path"))
    var route: String?
    @Option(help: "The type: call.started, call.ended, call.completed, …")
    var type: String?
    @Option(help: ArgumentHelp("The call, by the provider's id of its leg.", valueName: "id"))
    var call: String?
    @Option(
        help: "The state at one destination at least: pending, delivered, dead, expired or dropped.",
        completion: .list(EventFilter.states)
    )
    var state: String?
    @Option(help: ArgumentHelp("A destination that wants the event.", valueName: "name"))
    var destination: String?
    @Option(help: ArgumentHelp("Accepted since: 30m, 24h, 7d ago, or 2026-11-23T06:00:00Z.", valueName: "time"))
    var since: String?

    func filter(id: String? = nil) throws -> EventFilter {
        do {
            return try EventFilter(
                id: id,
                route: route,
                type: type,
                call: call,
                state: state,
                destination: destination,
                since: since
            )
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

extension Events {
    /// `hookgate events list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List events, the latest first.")

        @OptionGroup var journal: JournalOption
        @OptionGroup var filter: EventFilterOptions
        @Option(help: "How many at most.")
        var limit = 50
        @Flag(help: "One JSON object a line.")
        var json = false

        func validate() throws {
            guard limit > 0 else { throw ValidationError("--limit has to be 1 or more.") }
            _ = try filter.filter()
        }

        func run() async throws {
            try EventsCommand(journal.file()).list(filter.filter(), limit: limit, json: json).finish()
        }
    }

    /// `hookgate events show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one event with its data and every attempt at every destination."
        )

        @OptionGroup var journal: JournalOption
        @Argument(help: "The id of the event, as in webhook-id.")
        var id: String
        @Flag(help: "One JSON object.")
        var json = false

        func run() async throws {
            try EventsCommand(journal.file()).show(EventFilterOptions.id(id), json: json).finish()
        }
    }

    /// `hookgate events tail`.
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print events as they are accepted, until Ctrl-C.",
            discussion: "The state is that of the moment: an event that was accepted just now is mostly still pending."
        )

        @OptionGroup var journal: JournalOption
        @OptionGroup var filter: EventFilterOptions
        @Flag(help: "One JSON object a line.")
        var json = false

        func validate() throws {
            _ = try filter.filter()
        }

        func run() async throws {
            try await EventsCommand(journal.file()).tail(filter.filter(), json: json).finish()
        }
    }

    /// What `retry` and `drop` have in common.
    struct Selection: ParsableArguments {
        @OptionGroup var journal: JournalOption
        @Argument(help: "The id of one event, as in webhook-id.")
        var id: String?
        @OptionGroup var filter: EventFilterOptions
        @Flag(help: "Really everything: needed when no id and no filter is given.")
        var all = false

        func validate() throws {
            let selected = try filter.filter(id: id)
            guard all || !selected.isEmpty else {
                throw ValidationError("Name an event or a filter, or say --all.")
            }
        }
    }

    /// `hookgate events retry`.
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send events again: dead letters, but also expired, dropped and delivered ones.",
            discussion: """
                Without --state or an id only dead letters are sent again, and what waits for a retry is tried at once. \
                Ctrl-C ends the display; a gateway that runs goes on with what was asked.
                """
        )

        @OptionGroup var selection: Selection

        func run() async throws {
            try await EventsCommand(selection.journal.file())
                .change(.retry, selection.filter.filter(id: selection.id)).finish()
        }
    }

    /// `hookgate events drop`.
    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take events out: pending ones are not sent any more, dead letters are put away.",
            discussion: "They stay in the journal until `retain` is over, and can be sent again until then."
        )

        @OptionGroup var selection: Selection

        func run() async throws {
            try await EventsCommand(selection.journal.file())
                .change(.drop, selection.filter.filter(id: selection.id)).finish()
        }
    }

    /// `hookgate events audit`.
    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count every event in the journal and compare with the ledger.",
            discussion: """
                For each destination accepted = delivered + pending + dead + expired + dropped. Ends with 1 when the counts \
                do not add up.
                """
        )

        @OptionGroup var journal: JournalOption
        @Flag(help: "One JSON object.")
        var json = false

        func run() async throws {
            try EventsCommand(journal.file()).audit(json: json).finish()
        }
    }
}

extension EventFilterOptions {
    /// The filter for exactly one event.
    fileprivate static func id(_ id: String) throws -> EventFilter {
        do {
            return try EventFilter(id: id)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
