import Journal
import NIOCore
import NIOPosix
import Sipgate
import Webhooks

/// `hookgate forget`: takes a telephone number, and the names that belong to it, out of what is kept.
///
/// What is kept is the journal, and refusals.
package struct ForgetCommand: Sendable {
    /// How many of the events that still wait are listed.
    private static let listed = 20

    private let path: String
    private let refusals: String?
    private let number: String
    private let eraser: NumberEraser

    /// - Parameters:
    ///   - file: the journal.
    ///   - refusals: the file of refusals; nil: there is none.
    ///   - number: the number, with its country code.
    /// - Throws: `CommandProblem`.
    package init(_ file: JournalFile, refusals: String?, number: String) throws {
        path = file.path
        self.refusals = refusals
        self.number = number
        do throws(NumberEraser.Problem) {
            eraser = try NumberEraser(number)
        } catch {
            throw CommandProblem(.usage, error.rule)
        }
    }

    /// Why a text is no number that can be forgotten, without the text; nil when it is one.
    package static func fault(in number: String) -> String? {
        do throws(NumberEraser.Problem) {
            _ = try NumberEraser(number)
            return nil
        } catch {
            return error.rule
        }
    }

    /// Tells what would be erased, and changes nothing.
    ///
    /// - Parameter json: one object instead of a text.
    /// - Returns: counts.
    package func look(json: Bool) -> CommandResult {
        do {
            let found = try find()
            let refused = try refusals.map { try RefusalReader(path: $0).list(RefusalFilter(), limit: .max) } ?? []
            let count = refused.count { eraser.isNamed(in: $0.record) }
            if json { return CommandResult(.done, output: text(found.ids.count, found.waiting.count, count)) }
            var output = found.ids.isEmpty ? "no event holds this number\n" : ""
            for (type, count) in found.types.sorted(by: { $0.key < $1.key }) { output += "\(count) \(type)\n" }
            output += words(refusals: count)
            return CommandResult(.done, output: output, errors: complaint(found.waiting))
        } catch {
            return problem(error)
        }
    }

    /// Erases.
    ///
    /// - Parameters:
    ///   - isImmediate: also in events that still wait for delivery.
    ///   - json: one object instead of a text.
    /// - Returns: how many events were rewritten; a failure when some were left.
    package func run(isImmediate: Bool, json: Bool) async -> CommandResult {
        do {
            // Whoever can open it holds it: no gateway runs.
            let own: SQLiteJournal?
            do {
                own = try await SQLiteJournal.open(path: path, destinations: [], eraser: .numbers)
            } catch JournalOpenError.locked {
                own = nil
            }
            let request = try JournalRequest(forgetting: number, isImmediate: isImmediate, path: path)
            let progress = try await finished(request)
            try await own?.close(on: MultiThreadedEventLoopGroup.singleton.next()).get()
            guard let progress else {
                return CommandResult(.failed, errors: "hookgate: the journal no longer knows the request\n")
            }
            let removed = try refusals.map { path in
                try RefusalEraser(path: path).erase(trace: eraser.digits) { eraser.isNamed(in: $0) }
            }
            return try result(progress, refusals: removed ?? 0, json: json)
        } catch {
            return problem(error)
        }
    }

    private func finished(_ request: JournalRequest) async throws -> JournalRequest.Progress? {
        let line = ProgressLine(verb: "erased")
        defer { line.end() }
        while let now = try request.progress() {
            if now.isFinished { return now }
            line.show(now)
            try await Task.sleep(for: .milliseconds(100))
        }
        return nil
    }

    private func result(_ progress: JournalRequest.Progress, refusals: Int, json: Bool) throws -> CommandResult {
        let problem = progress.problem.map { "hookgate: \($0.escaped)\n" } ?? ""
        let waiting = progress.left > 0 ? try find().waiting : []
        let isDone = problem.isEmpty && progress.left == 0
        let count = progress.done == 1 ? "1 event erased\n" : "\(progress.done) events erased\n"
        return CommandResult(
            isDone ? .done : .failed,
            output: json ? text(progress.done, progress.left, refusals) : count + words(refusals: refusals),
            errors: problem + complaint(waiting)
        )
    }

    // MARK: Finding

    private struct Found {
        var ids: [EventID] = []
        /// Events by type.
        var types: [String: Int] = [:]
        /// Events that still wait, and where.
        var waiting: [(id: EventID, destinations: [String])] = []
    }

    private func find() throws -> Found {
        var found = Found()
        let reader = try JournalReader(path: path)
        try reader.replay(last: .max, since: Timestamp(milliseconds: 0)) { event, _ in
            guard eraser.erase(event.draft.data) != nil else { return }
            found.ids.append(event.id)
            found.types[event.draft.type.name, default: 0] += 1
        }
        for id in found.ids {
            let waiting = try reader.show(id)?.deliveries.filter { $0.state == .pending }.map(\.destination) ?? []
            if !waiting.isEmpty { found.waiting.append((id, waiting)) }
        }
        return found
    }

    private func complaint(_ waiting: [(id: EventID, destinations: [String])]) -> String {
        guard !waiting.isEmpty else { return "" }
        let events =
            waiting.count == 1 ? "1 event with this number waits" : "\(waiting.count) events with this number wait"
        var text = "\(events) for delivery and \(waiting.count == 1 ? "is" : "are") left as it was accepted:\n"
        for (id, destinations) in waiting.prefix(ForgetCommand.listed) {
            text += "  \(id) for \(destinations.map(\.escaped).joined(separator: ", "))\n"
        }
        if waiting.count > ForgetCommand.listed { text += "  …\n" }
        return text
            + "run this again when they are delivered, take them out with `hookgate events drop ID`, or say --now\n"
    }

    private func text(_ events: Int, _ waiting: Int, _ refusals: Int) -> String {
        "{\"events\":\(events),\"waiting\":\(waiting),\"refusals\":\(refusals)}\n"
    }

    /// Nothing where there are none, as it is where they are masked.
    private func words(refusals count: Int) -> String {
        count == 0 ? "" : count == 1 ? "1 refusal\n" : "\(count) refusals\n"
    }

    private func problem(_ error: any Error) -> CommandResult {
        CommandResult(.failed, errors: "hookgate: \(path.quoted): \("\(error)".escaped)\n")
    }
}
