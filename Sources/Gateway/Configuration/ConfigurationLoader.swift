import Auth
import Delivery
import NIOCore
import Yams

/// Reads the configuration file: everything in it is checked, and everything wrong with it is reported at once.
package enum ConfigurationLoader {
    /// In bytes; a configuration with thousands of routes fits.
    private static let maxBytes = 1 << 20

    private static let keys = ConfigurationSection.Keys(
        known: [
            "public_url", "event_loops", "listeners", "users", "users_file", "routes", "destinations", "journal",
            "refusals", "admin", "alarms", "tracing", "follow_up_key", "certificate_command", "pid_file", "logging",
            "shutdown_timeout",
        ]
    )

    /// Reads and checks a configuration, with its secrets resolved.
    ///
    /// - Parameters:
    ///   - path: the file; relative paths in it are relative to it.
    ///   - environment: where `${env:…}` looks.
    /// - Returns: the configuration, and warnings in the order of the file.
    /// - Throws: `ConfigurationErrors` with all errors and warnings when there is an error.
    package static func load(
        path: String,
        environment: [String: String]
    ) throws(ConfigurationErrors) -> (GatewayConfiguration, warnings: [ConfigurationIssue]) {
        let log = IssueLog(file: path)
        let file: LocalFile
        do {
            file = try LocalFile.read(path, limit: maxBytes)
        } catch {
            let remedy = "name the configuration with `--config FILE`"
            log.error("", at: nil, "cannot read the configuration: \(error.reason)", remedy: remedy)
            throw ConfigurationErrors(issues: log.issues)
        }
        guard let text = file.text else {
            log.error("", at: nil, "the file is not UTF-8 text")
            throw ConfigurationErrors(issues: log.issues)
        }
        return try load(text, log: log, base: BaseFolder(ofFile: path), environment: environment)
    }

    /// The path of the journal alone: what else stands in the file may be wrong, and no secret has to be at hand.
    ///
    /// - Parameter path: the configuration.
    /// - Returns: the absolute path of the journal.
    /// - Throws: `CommandProblem`.
    static func journalPath(_ path: String) throws(CommandProblem) -> String {
        let log = IssueLog(file: path)
        guard let top = try section(["journal"], of: path, log) else {
            throw CommandProblem(.configuration, "\(path.quoted) names no journal; name it with --journal")
        }
        guard let journal = JournalSection(base: BaseFolder(ofFile: path)).read(top) else {
            throw CommandProblem(.configuration, IssueReport.text(log.issues))
        }
        return journal.path
    }

    /// Where events and refusals are kept, by the same rules.
    ///
    /// - Parameter path: the configuration.
    /// - Returns: the files, of which at least one is configured.
    /// - Throws: `CommandProblem`.
    static func keptFiles(_ path: String) throws(CommandProblem) -> KeptFiles {
        let log = IssueLog(file: path)
        let base = BaseFolder(ofFile: path)
        guard let top = try section(["journal", "refusals"], of: path, log) else {
            throw CommandProblem(
                .configuration,
                "\(path.quoted) has neither a journal nor `refusals`; name a journal with --journal"
            )
        }
        let journal = JournalSection(base: base).read(top)?.path
        let refusals = RefusalsSection(base: base, journal: journal).read(top)
        if log.hasErrors { throw CommandProblem(.configuration, IssueReport.text(log.issues)) }
        return KeptFiles(journal: journal, refusals: refusals)
    }

    /// The few keys of a file that somebody asks for; nil when it has none of them.
    private static func section(
        _ names: [String],
        of path: String,
        _ log: IssueLog
    ) throws(CommandProblem) -> ConfigurationSection? {
        let file: LocalFile
        do {
            file = try LocalFile.read(path, limit: maxBytes)
        } catch {
            throw CommandProblem(
                .configuration,
                "cannot read the configuration \(path.quoted): \(error.reason); name it with --config, or the journal with --journal"
            )
        }
        guard let document = try? YAMLDocument.compose(file.text ?? ""), let root = document.root else { return nil }
        var nodes: [(Node, Node)] = []
        for name in names {
            if let node = root.mapping?[name] { nodes.append((Node(name), node)) }
        }
        guard !nodes.isEmpty else { return nil }
        return ConfigurationSection(
            Node(nodes),
            path: "",
            keys: .init(known: names),
            file: YAMLFile(log: log, duplicated: [:])
        )
    }

    private static func load(
        _ text: String,
        log: IssueLog,
        base: BaseFolder,
        environment: [String: String]
    ) throws(ConfigurationErrors) -> (GatewayConfiguration, warnings: [ConfigurationIssue]) {
        let document: YAMLDocument
        do {
            document = try YAMLDocument.compose(text)
        } catch {
            log.error("", at: error.position, error.message)
            throw ConfigurationErrors(issues: log.issues)
        }
        let file = YAMLFile(log: log, duplicated: document.duplicated)
        guard let root = document.root, root.scalar?.string.isEmpty != true else {
            log.error("", at: nil, "the file is empty", remedy: "config/hookgate.yaml is a configuration to start from")
            throw ConfigurationErrors(issues: log.issues)
        }
        let configuration = ConfigurationSection(root, path: "", keys: keys, file: file).flatMap { top in
            read(top, base: base, environment: environment)
        }
        let excerpts = SourceExcerpts(text, root: root, showable: log.showable)
        let issues = log.finished(excerpts.excerpt)
        guard let configuration, !log.hasErrors else { throw ConfigurationErrors(issues: issues) }
        return (configuration, issues)
    }

    /// Nil when something that is needed could not be read; why is in the log.
    private static func read(
        _ top: ConfigurationSection,
        base: BaseFolder,
        environment: [String: String]
    ) -> GatewayConfiguration? {
        let publicURL = publicURL(top)
        let eventLoops = top.scalar("event_loops")?.integer(in: 1...1024)
        let listeners = ListenerSection(base: base, environment: environment).read(top)
        let (users, userNames) = UserSection(base: base, environment: environment).read(top)
        let (destinations, destinationNames) = DestinationSection(base: base, environment: environment)
            .read(top)
        let journal = JournalSection(base: base).read(top)
        let routes = RouteSection(
            users: userNames,
            destinations: destinationNames,
            hasJournal: top.has("journal"),
            asksForCertificates: listeners.contains { $0.tls.clients != nil },
            base: base
        )
        .read(top)
        let admin = AdminSection(base: base, environment: environment, users: userNames).read(top)
        let followUpKey = followUpKey(top, base: base, environment: environment)
        let alarms = AlarmSection(destinations: destinationNames).read(top)
        let tracing = TracingSection(base: base, environment: environment).read(top)
        let logging = LoggingSection(base: base, environment: environment).read(top)
        let shutdownTimeout = top.scalar("shutdown_timeout")?.duration(in: .milliseconds(100) ... .minutes(10))
        let others = users.filter { admin?.users.contains($0.name) != true }
        warnAboutUnused(top, others, destinations.filter { !alarms.destinations.contains($0.name) }, routes)
        guard let publicURL else { return nil }
        return GatewayConfiguration(
            publicURL: publicURL,
            eventLoops: eventLoops ?? System.coreCount,
            listeners: listeners,
            users: users,
            routes: routes,
            destinations: destinations,
            written: written(top),
            journal: journal,
            refusals: RefusalsSection(base: base, journal: journal?.path).read(top),
            admin: admin,
            alarms: alarms,
            tracing: tracing,
            followUpKey: followUpKey,
            certificateCommand: certificateCommand(top, base: base),
            pidFile: pidFile(top, base: base, journal: journal),
            logging: logging,
            shutdownTimeout: shutdownTimeout ?? .seconds(10)
        )
    }

    /// The sections that cannot change; of use once all of them have been read.
    private static func written(_ top: ConfigurationSection) -> [String: WrittenSection] {
        var sections: [String: WrittenSection] = [:]
        for key in GatewayConfiguration.fixedSections {
            sections[key] = WrittenSection(
                text: top.node(key).flatMap { try? Yams.serialize(node: $0) },
                secrets: top.log.secrets(below: key)
            )
        }
        return sections
    }

    /// A program that can be run, with its arguments.
    private static func certificateCommand(_ top: ConfigurationSection, base: BaseFolder) -> [String]? {
        guard let scalars = top.scalars("certificate_command", acceptsOne: true) else { return nil }
        let words = scalars.compactMap { $0.publicText() }
        guard let first = scalars.first, let name = words.first else {
            top.error("certificate_command", "names no program", remedy: "write `[/usr/local/bin/tell-us, argument]`")
            return nil
        }
        let path = base.resolve(name)
        if let reason = LocalFile.obstacle(toRunning: path) {
            first.error("cannot run \(path.quoted): \(reason)", remedy: "name a program, and `chmod +x` it")
            return nil
        }
        return [path] + words.dropFirst()
    }

    /// A file of its own: what it names is overwritten, and removed at the end.
    private static func pidFile(
        _ top: ConfigurationSection,
        base: BaseFolder,
        journal: JournalConfiguration?
    ) -> String? {
        guard let scalar = top.scalar("pid_file"), let name = scalar.publicText() else { return nil }
        let path = base.resolve(name)
        let isFolder = LocalFile.exists(path) && LocalFile.obstacle(to: path) == "it is a folder"
        guard !name.hasSuffix("/"), !isFolder else {
            scalar.error(
                "names a folder",
                remedy: "name a file: `\(name.hasSuffix("/") ? name : name + "/")hookgate.pid`"
            )
            return nil
        }
        if let journal, ["", ".lock", "-wal", "-shm"].contains(where: { journal.path + $0 == path }) {
            scalar.error("is a file of the journal", remedy: "name a file of its own: `pid_file: hookgate.pid`")
            return nil
        }
        return path
    }

    private static func publicURL(_ top: ConfigurationSection) -> String? {
        guard let scalar = top.required("public_url", remedy: "add `public_url: https://hooks.example.net:8443`"),
            let text = scalar.publicText()
        else { return nil }
        do {
            let url = try HTTPAddress(text)
            guard url.scheme == "https" else {
                scalar.error("the URL is not https", remedy: "the provider is only ever given https addresses")
                return nil
            }
            guard url.target.isEmpty else {
                scalar.error(
                    "the URL goes on behind the host",
                    remedy: "scheme, host and port only, no slash at the end"
                )
                return nil
            }
            guard url.network.port != 0 else {
                scalar.error("the URL has port 0", remedy: "name the port that the provider can reach")
                return nil
            }
            return text
        } catch {
            scalar.error("the URL \(error.reason)", remedy: "write `https://hooks.example.net:8443`")
            return nil
        }
    }

    private static func followUpKey(
        _ top: ConfigurationSection,
        base: BaseFolder,
        environment: [String: String]
    ) -> Secret? {
        guard top.has("follow_up_key") else {
            top.log.warning(
                "follow_up_key",
                at: nil,
                "is not set: follow-up addresses of calls under way die with the process",
                remedy: "make one with `openssl rand -hex 32` and name its file: `follow_up_key: ${file:follow-up.key}`"
            )
            return nil
        }
        return top.scalar("follow_up_key")?.key(base: base, environment: environment)
    }

    private static func warnAboutUnused(
        _ top: ConfigurationSection,
        _ users: [UserAccount],
        _ destinations: [Destination],
        _ routes: [RouteConfiguration]
    ) {
        guard !top.log.hasErrors else { return }
        for user in users where !routes.contains(where: { $0.users.contains(user.name) }) {
            let message = "the user \(user.name.quoted) may post to no route"
            top.log.warning(top.has("users") ? "users" : "users_file", at: top.position(of: "users"), message)
        }
        if top.has("journal"), !routes.contains(where: \.isDurable) {
            let message = "no route uses it: each says `durable: false`"
            top.log.warning("journal", at: top.position(of: "journal"), message)
        }
        for destination in destinations where !routes.contains(where: { $0.uses(destination) }) {
            let message = "no route sends to the destination \(destination.name.quoted)"
            top.log.warning("destinations", at: top.position(of: "destinations"), message)
        }
    }
}

extension RouteConfiguration {
    /// Whether a destination gets its events or decides about its calls.
    fileprivate func uses(_ destination: Destination) -> Bool {
        destinations.contains(destination.name) || calls.decide?.destination == destination.name
    }
}
