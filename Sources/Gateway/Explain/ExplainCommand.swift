import Journal
import NIOCore
import OpenSSL
import Webhooks

/// What a gateway keeps, by its configuration or by the path of its journal.
struct KeptFiles {
    /// Nil: no events are kept.
    let journal: String?
    /// Nil: no refusals are kept.
    let refusals: RefusalsConfiguration?

    init(journal: String?, refusals: RefusalsConfiguration?) {
        self.journal = journal
        self.refusals = refusals
    }

    init(besideJournal journal: String) {
        let path = RefusalsConfiguration.path(besideJournal: journal)
        self.init(journal: journal, refusals: RefusalsConfiguration(path: path))
    }
}

/// `hookgate explain`: why a request was refused, or what became of it.
package struct ExplainCommand: Sendable {
    /// Which refusals are listed, from the arguments of the command.
    package struct Selection: Sendable {
        private(set) var filter = RefusalFilter()

        /// Reads the arguments; nil ones select nothing.
        ///
        /// - Throws: `EventFilter.Problem` for the first that makes no sense.
        package init(
            reason: String? = nil,
            client: String? = nil,
            route: String? = nil,
            call: String? = nil,
            since: String? = nil
        ) throws(EventFilter.Problem) {
            if let reason, !StableWords.ofRefusals.contains(reason) {
                let remedy = NearestName.remedy(StableWords.ofRefusals.sorted(), to: reason) ?? ""
                throw EventFilter.Problem(description: "There is no reason \(reason.quoted); \(remedy)")
            }
            filter.reason = reason
            filter.client = client
            filter.route = route
            filter.call = call
            if let since { filter.since = try EventFilter.moment(since).milliseconds }
        }
    }

    private let teller: StoryTeller
    private let retain: TimeAmount?
    private let text: StoryText

    /// Finds the files; of a configuration only what names them is needed, so that no secret has to be at hand.
    ///
    /// - Parameters:
    ///   - journal: the path of the journal; nil to ask the configuration.
    ///   - configuration: the path of the configuration.
    ///   - environment: for secrets, where the whole configuration can be read, and for the language.
    /// - Throws: `CommandProblem`.
    package init(journal: String?, configuration: String, environment: [String: String]) throws {
        let kept =
            if let journal { KeptFiles(besideJournal: journal) } else {
                try ConfigurationLoader.keptFiles(configuration)
            }
        let files = [kept.journal, kept.refusals?.path].compactMap { $0 }
        guard files.contains(where: LocalFile.exists) else {
            let names = files.map { "no \($0.quoted)" }.joined(separator: " and ")
            throw CommandProblem(
                .failed,
                "there is \(names): nothing was accepted or refused yet, or they are elsewhere"
            )
        }
        var names = ServedNames()
        if let whole = try? ConfigurationLoader.load(path: configuration, environment: environment).0 {
            names = ServedNames(whole)
        }
        teller = StoryTeller(journal: kept.journal, refusals: kept.refusals?.path, names: names)
        retain = journal == nil ? kept.refusals?.retain : nil
        text = StoryText(isUnicode: StoryText.isUnicode(environment))
    }

    /// Tells the story of a request, an event or a call.
    ///
    /// - Parameters:
    ///   - id: of any of them.
    ///   - json: an array instead of text for people.
    /// - Returns: what became of it, or what was searched in vain.
    package func explain(_ id: String, json: Bool) -> CommandResult {
        do {
            let stories = try teller.stories(of: id)
            guard !stories.isEmpty else {
                let lines = teller.nothing(id, retain: retain).map { "  \($0)\n" }.joined()
                return CommandResult(.failed, errors: "hookgate: nothing is known of \(id.quoted)\n\(lines)")
            }
            if json {
                var buffer = ByteBuffer()
                buffer.writeJSON(capacity: 4096) { json in
                    json.array { json in for story in stories { story.write(to: &json) } }
                }
                return CommandResult(.done, output: String(buffer: buffer) + "\n")
            }
            return CommandResult(.done, output: stories.map(text.text).joined(separator: "\n"))
        } catch {
            return problem(error)
        }
    }

    /// Lists the latest refusals.
    ///
    /// - Parameters:
    ///   - count: how many at most.
    ///   - selection: which.
    ///   - json: one object a line instead of a table.
    /// - Returns: the table.
    package func last(_ count: Int, _ selection: Selection, json: Bool) -> CommandResult {
        guard let path = teller.refusals, LocalFile.exists(path) else {
            let place = teller.refusals.map { "; they will be in \($0.quoted)" } ?? ": none are kept, see `refusals`"
            return CommandResult(.done, errors: "no refusals\(place)\n")
        }
        do {
            let refusals = try RefusalReader(path: path).list(selection.filter, limit: count)
            if json { return CommandResult(.done, output: refusals.map(RefusalText.line).joined()) }
            guard !refusals.isEmpty else { return CommandResult(.done, errors: "no refusals\n") }
            return CommandResult(.done, output: RefusalText.table(refusals))
        } catch {
            return problem(error)
        }
    }

    private func problem(_ error: any Error) -> CommandResult {
        CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
    }
}

extension StoryText {
    /// Whether a terminal shows UTF-8, as locale(7) has it.
    static func isUnicode(_ environment: [String: String]) -> Bool {
        let name = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return name.lowercased().replacing("-", with: "").contains("utf8")
    }
}

extension ServedNames {
    /// The routes and the certificates that a configuration names, as far as these can be read.
    init(_ configuration: GatewayConfiguration) {
        routes = configuration.routes.map(\.path)
        for certificate in configuration.listeners.flatMap(\.tls.certificates) {
            guard let leaf = try? CertificateChain(file: certificate.chain).leaf else { continue }
            subjects[leaf.shortFingerprint] = leaf.subject
        }
    }
}
