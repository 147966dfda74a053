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

    private let places: KeptPlaces
    private let number: String
    private let eraser: NumberEraser

    /// - Parameters:
    ///   - places: where events and refusals are kept.
    ///   - number: the number, with its country code.
    /// - Throws: `CommandProblem`.
    package init(_ places: KeptPlaces, number: String) throws {
        self.places = places
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
        let refused = refusals { path in
            try RefusalReader(path: path).list(RefusalFilter(), limit: .max).count { eraser.isNamed(in: $0.record) }
        }
        var events = Part()
        if let path = opened(places.journal) {
            do {
                let found = try find(path)
                events.count = found.ids.count
                events.waiting = found.waiting.count
                events.output = found.ids.isEmpty ? "no event holds this number\n" : ""
                for (type, count) in found.types.sorted(by: { $0.key < $1.key }) {
                    events.output += "\(count) \(type)\n"
                }
                events.errors = complaint(found.waiting)
            } catch {
                events = failure(path, error)
            }
        } else {
            events.output = absence(places.journal, of: "events")
        }
        return result(events, refused, json: json)
    }

    /// Erases: refusals first, which takes a moment, while a reader of the journal may be waited for.
    ///
    /// What becomes of one file is nothing to the other.
    ///
    /// - Parameters:
    ///   - isImmediate: also in events that still wait for delivery.
    ///   - json: one object instead of a text.
    /// - Returns: how many events were rewritten; a failure when some were left.
    package func run(isImmediate: Bool, json: Bool) async -> CommandResult {
        let refused = refusals { path in
            try RefusalEraser(path: path).erase { eraser.isNamed(in: $0) }
        }
        var events = Part()
        if let path = opened(places.journal) {
            do {
                events = try await erase(in: path, isImmediate: isImmediate)
            } catch {
                events = failure(path, error)
            }
        } else {
            events.output = absence(places.journal, of: "events")
        }
        return result(events, refused, json: json)
    }

    private func erase(in path: String, isImmediate: Bool) async throws -> Part {
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
        var part = Part()
        guard let progress else {
            part.errors = "hookgate: the journal no longer knows the request\n"
            part.isDone = false
            return part
        }
        part.count = progress.done
        part.waiting = progress.left
        part.isDone = progress.problem == nil && progress.left == 0
        part.output = progress.done == 1 ? "1 event erased\n" : "\(progress.done) events erased\n"
        part.errors = progress.problem.map { "hookgate: \($0.escaped)\n" } ?? ""
        if progress.left > 0 { part.errors += complaint(try find(path).waiting) }
        return part
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

    // MARK: Telling

    /// What became of one of the files.
    private struct Part {
        var isDone = true
        /// Nil: it could not be looked at, or there is none.
        var count: Int?
        var waiting = 0
        var output = ""
        var errors = ""
    }

    private func opened(_ place: KeptPlaces.Place?) -> String? { place.flatMap { $0.exists ? $0.path : nil } }

    private func refusals(_ work: (_ path: String) throws -> Int) -> Part {
        guard let path = opened(places.refusals) else {
            return Part(output: absence(places.refusals, of: "refusals"))
        }
        do {
            let count = try work(path)
            return Part(count: count, output: "\(count == 1 ? "1 refusal" : "\(count) refusals") of \(path.escaped)\n")
        } catch {
            return failure(path, error)
        }
    }

    private func absence(_ place: KeptPlaces.Place?, of what: String) -> String {
        guard let place else { return "no \(what): no file of them is configured\n" }
        return "no \(what): there is no \(place.path.escaped)\n"
    }

    private func failure(_ path: String, _ error: any Error) -> Part {
        Part(isDone: false, errors: "hookgate: \(path.quoted): \("\(error)".escaped)\n")
    }

    private func result(_ events: Part, _ refused: Part, json: Bool) -> CommandResult {
        CommandResult(
            events.isDone && refused.isDone ? .done : .failed,
            output: json ? text(events, refused) : events.output + refused.output,
            errors: events.errors + refused.errors
        )
    }

    /// Null: it could not be looked at, or there is none.
    private func text(_ events: Part, _ refused: Part) -> String {
        func words(_ count: Int?) -> String { count.map { "\($0)" } ?? "null" }
        return
            "{\"events\":\(words(events.count)),\"waiting\":\(events.waiting),\"refusals\":\(words(refused.count))}\n"
    }

    // MARK: Finding

    private struct Found {
        var ids: [EventID] = []
        /// Events by type.
        var types: [String: Int] = [:]
        /// Events that still wait, and where.
        var waiting: [(id: EventID, destinations: [String])] = []
    }

    private func find(_ path: String) throws -> Found {
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
}
