import Glibc
import Journal
import Sipgate
import Webhooks

/// `hookgate check --against JOURNAL`: sends what was recorded through a configuration, and tells what would be different.
///
/// Nothing is sent and nobody is asked; the journal is only read.
package struct RehearsalCommand: Sendable {
    private static let page = 500

    private let configuration: GatewayConfiguration
    private let path: String

    /// - Parameters:
    ///   - configuration: the path of the configuration that is tried.
    ///   - journal: the path of the journal.
    ///   - environment: where `${env:…}` looks.
    /// - Throws: `ConfigurationErrors` when it cannot be used, `CommandProblem` when there is no journal.
    package init(
        configuration: String,
        journal: String,
        environment: [String: String] = ProcessEnvironment.current
    ) throws {
        self.configuration = try ConfigurationLoader.load(path: configuration, environment: environment).0
        path = journal
        guard LocalFile.exists(journal) else {
            throw CommandProblem(.failed, "there is no journal \(journal.quoted)")
        }
    }

    /// Sends everything through.
    ///
    /// - Parameters:
    ///   - filter: since when.
    ///   - limit: how many of the latest events; nil: all.
    ///   - json: a line for every difference instead of a summary.
    /// - Returns: 0 when nothing differs, 1 when something does.
    package func run(_ filter: EventFilter, limit: Int?, json: Bool) -> CommandResult {
        do {
            return try run(JournalReader(path: path), filter.journal, limit: limit, json: json)
        } catch {
            return CommandResult(.failed, errors: "hookgate: \(path.quoted): \("\(error)".escaped)\n")
        }
    }

    private func run(
        _ reader: JournalReader,
        _ filter: JournalFilter,
        limit: Int?,
        json: Bool
    ) throws -> CommandResult {
        let routes = Dictionary(
            configuration.routes.map { ($0.path, RouteRehearsal($0, of: configuration)) }
        ) { first, _ in first }
        var summary = DifferenceSummary()
        var lines = ""
        func found(_ difference: Difference, _ id: EventID, _ time: Timestamp) {
            summary.add(difference, id)
            if json { lines += difference.line(id, time) }
        }
        let last = try reader.last()
        let start = limit.map { max(0, last.value - Int64($0)) } ?? 0
        var position = JournalPosition(start)
        var count = 0
        var sources: Set<String> = []
        let isShown = isatty(STDERR_FILENO) == 1
        while position.value < last.value {
            let records = try reader.tail(filter, after: position, limit: RehearsalCommand.page)
            guard let end = records.last?.entry.position else { break }
            position = end
            for record in records where record.entry.route != AlarmWatch.route {
                count += 1
                sources.insert(record.entry.event.source)
                if let route = routes[record.entry.route] {
                    try route.take(record, expired: { try reader.show($0.entry.event.id) }, found)
                } else {
                    let event = record.entry.event
                    let change = Difference(
                        kind: .route,
                        route: record.entry.route,
                        type: event.draft.type.name,
                        before: "was served",
                        after: "404"
                    )
                    found(change, event.id, event.time)
                }
            }
            if json, !lines.isEmpty {
                _ = CommandResult(.done, output: lines).print()
                lines = ""
            }
            if isShown {
                let percent = Int(100 * (end.value - start) / max(1, last.value - start))
                _ = CommandResult(.done, errors: "\r\(count) events, \(summary.count) differences, \(percent) %")
                    .print()
            }
        }
        if isShown { _ = CommandResult(.done, errors: "\r\u{1B}[K").print() }
        for route in configuration.routes { routes[route.path]?.end(found) }
        let status: CommandResult.Status = summary.count == 0 ? .done : .failed
        if json { return CommandResult(status, output: lines) }
        let head = "\(count) events, \(summary.count == 0 ? "nothing" : "\(summary.count) things") would be different\n"
        return CommandResult(status, output: head + summary.text, errors: notes(Array(routes.values), sources))
    }

    /// What cannot be told from a journal.
    private func notes(_ routes: [RouteRehearsal], _ sources: Set<String>) -> String {
        var questions: [String: Int] = [:]
        for route in routes { questions.merge(route.questions) { $0 + $1 } }
        var text = ""
        for (name, count) in questions.sorted(by: { $0.key < $1.key }) {
            text += "\(name.escaped) would be asked \(count) times and was not; it is taken to say what it said then\n"
        }
        let known = Set(configuration.routes.map { configuration.publicURL + $0.path })
        if let other = sources.subtracting(known).sorted().first {
            text +=
                "follow-up addresses and sources would begin with \(configuration.publicURL.escaped), not as \(other.escaped)\n"
        }
        return text
            + "not judged: passwords, addresses, certificates, signatures and accounts; what was refused is not there\n"
    }
}
