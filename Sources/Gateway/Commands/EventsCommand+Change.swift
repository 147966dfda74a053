import Journal
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension EventsCommand {
    /// What an operator can do with events.
    package enum Change: Sendable {
        /// Send them again.
        case retry
        /// Take them out.
        case drop
    }

    /// Asks the gateway that holds the journal for a change and waits for it; without a gateway, makes it.
    ///
    /// - Parameters:
    ///   - change: what is to be done.
    ///   - filter: with which events.
    /// - Returns: how many were changed.
    package func change(_ change: Change, _ filter: EventFilter) async -> CommandResult {
        let action: JournalRequest.Action = change == .retry ? .retry : .drop
        do {
            // Whoever can open it holds it: no gateway runs.
            let own: SQLiteJournal?
            do {
                own = try await SQLiteJournal.open(path: path, destinations: [], eraser: .numbers)
            } catch JournalOpenError.locked {
                own = nil
            }
            let result = try await finished(JournalRequest(action, filter.journal, path: path), change)
            try await own?.close(on: MultiThreadedEventLoopGroup.singleton.next()).get()
            return result
        } catch {
            return problem(error)
        }
    }

    private func finished(_ request: JournalRequest, _ change: Change) async throws -> CommandResult {
        let progress = ProgressLine(verb: change == .retry ? "to be sent again" : "taken out")
        while let now = try request.progress() {
            if let problem = now.problem {
                progress.end()
                return CommandResult(.failed, errors: "hookgate: \(problem.escaped)\n")
            }
            if now.isFinished {
                progress.end()
                return CommandResult(.done, output: "\(progress.text(now.done))\n")
            }
            progress.show(now)
            try await Task.sleep(for: .milliseconds(100))
        }
        progress.end()
        return CommandResult(.failed, errors: "hookgate: the journal no longer knows the request\n")
    }
}

/// One line on a terminal that says how far something has come; nothing where nobody looks.
final class ProgressLine {
    private let verb: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var isShown = false

    init(verb: String) {
        self.verb = verb
    }

    func text(_ count: Int) -> String {
        count == 1 ? "1 event \(verb)" : "\(count) events \(verb)"
    }

    func show(_ progress: JournalRequest.Progress) {
        guard isTerminal else { return }
        isShown = true
        _ = CommandResult(.done, errors: "\r\(text(progress.done)), \(Int(progress.fraction * 100)) %").print()
    }

    /// Makes room for what comes after it.
    func end() {
        if isShown { _ = CommandResult(.done, errors: "\r\u{1B}[K").print() }
        isShown = false
    }
}
