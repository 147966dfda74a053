import Journal
import Webhooks

/// `hookgate events`: what was accepted and what became of it.
package struct EventsCommand: Sendable {
    private let file: JournalFile
    /// The journal's file.
    var path: String { file.path }

    package init(_ file: JournalFile) {
        self.file = file
    }

    /// Events, the latest first.
    ///
    /// - Parameters:
    ///   - filter: which.
    ///   - limit: how many at most.
    ///   - json: one object a line instead of a table.
    /// - Returns: the table.
    package func list(_ filter: EventFilter, limit: Int, json: Bool) -> CommandResult {
        read { reader in
            let records = try reader.list(filter.journal, limit: limit)
            if json { return CommandResult(.done, output: records.map(EventText.line).joined()) }
            guard !records.isEmpty else { return CommandResult(.done, errors: "no events\n") }
            let more = records.count == limit ? "the latest \(limit); --limit shows more\n" : ""
            return CommandResult(.done, output: EventText.table(records), errors: more)
        }
    }

    /// One event with everything about it.
    ///
    /// - Parameters:
    ///   - filter: its id.
    ///   - json: one object instead of a text for people.
    /// - Returns: the event, or a failure when there is none.
    package func show(_ filter: EventFilter, json: Bool) -> CommandResult {
        read { reader in
            guard let id = filter.journal.id.flatMap(EventID.init), let record = try reader.show(id) else {
                return CommandResult(.failed, errors: "hookgate: the journal has no event with this id (any more)\n")
            }
            return CommandResult(.done, output: json ? EventText.line(record) : EventText.story(record))
        }
    }

    /// Prints events as they are accepted, until the process is told to end.
    ///
    /// - Parameters:
    ///   - filter: which.
    ///   - json: one object a line.
    /// - Returns: only when the journal cannot be read, or the task was cancelled.
    package func tail(_ filter: EventFilter, json: Bool) async -> CommandResult {
        do {
            let reader = try JournalReader(path: file.path)
            var position = try reader.last()
            while !Task.isCancelled {
                let records = try reader.tail(filter.journal, after: position, limit: 500)
                if let last = records.last {
                    position = last.entry.position
                    let text = json ? records.map(EventText.line).joined() : EventText.rows(records)
                    _ = CommandResult(.done, output: text).print()
                } else {
                    try? await Task.sleep(for: .milliseconds(200))
                }
            }
            return CommandResult(.done)
        } catch {
            return problem(error)
        }
    }

    /// Counts everything anew.
    ///
    /// - Parameter json: one object instead of a table.
    /// - Returns: the counts; a failure when they do not add up.
    package func audit(json: Bool) -> CommandResult {
        read { reader in
            let lines = try reader.audit()
            let isSound = lines.allSatisfy(\.isSound)
            return CommandResult(
                isSound ? .done : .failed,
                output: json ? LedgerText.json(lines) : LedgerText.table(lines),
                errors: json ? "" : isSound ? "everything adds up\n" : "hookgate: the journal does not add up\n"
            )
        }
    }

    private func read(_ body: (JournalReader) throws -> CommandResult) -> CommandResult {
        do {
            return try body(JournalReader(path: file.path))
        } catch {
            return problem(error)
        }
    }

    func problem(_ error: any Error) -> CommandResult {
        CommandResult(.failed, errors: "hookgate: \(file.path.quoted): \("\(error)".escaped)\n")
    }
}
