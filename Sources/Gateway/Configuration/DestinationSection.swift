import Delivery
import NIOCore
import Sipgate

/// Reads `destinations`.
struct DestinationSection {
    let base: BaseFolder
    let environment: [String: String]

    /// The names of event types, as `types` gives them.
    static let eventTypes =
        ["call.started", "call.answered", "call.ended", "call.digits", "call.decided"]
        + DerivedEvent.Kind.allCases.map(\.rawValue)

    private static let keys = ConfigurationSection.Keys(
        known: [
            "name", "url", "socket", "format", "timeout", "concurrency", "types", "directions", "order", "rate",
            "expire",
            "retry",
            "breaker", "signing_secret", "tls",
        ]
    )

    /// The destinations that could be read, and every name that was given.
    func read(_ top: ConfigurationSection) -> (destinations: [Destination], names: Set<String>) {
        let remedy = "add `destinations: [{name: backend, url: \"http://127.0.0.1:9000/events\"}]`"
        var names: [String: Int] = [:]
        let destinations = top.sections("destinations", keys: DestinationSection.keys, remedy: remedy).compactMap {
            section -> Destination? in
            let scalar = section.required("name", remedy: "add `name: backend`")
            let name = scalar?.publicText()
            if let scalar, let name {
                if let line = names[name] {
                    scalar.error(
                        "the destination \(name.quoted) is given twice",
                        remedy: "the first one is in line \(line)"
                    )
                }
                if let problem = problem(inName: name) { scalar.error(problem) }
                names[name] = names[name] ?? scalar.position?.line ?? 0
            }
            let url = url(section)
            let format = section.scalar("format")?.choice(Destination.Format.allCases.map(\.rawValue))
            let timeout = section.scalar("timeout")?.duration(in: .milliseconds(10) ... .minutes(1))
            let concurrency = section.scalar("concurrency")?.integer(in: 1...10_000)
            let types = words(section, "types", among: DestinationSection.eventTypes, what: "type")
            guard let name, let url else { return nil }
            var destination = Destination(
                name: name,
                host: url.network.host,
                port: url.network.port ?? (url.scheme == "https" ? 443 : 80),
                target: url.target.hasPrefix("/") ? url.target : "/" + url.target
            )
            destination.socket = socket(section)
            let tls = DestinationTLSSection(base: base, environment: environment)
            guard tls.apply(section, url: url, in: "url", to: &destination) else { return nil }
            if let format = format.flatMap(Destination.Format.init) { destination.format = format }
            if let timeout { destination.timeout = timeout }
            if let concurrency { destination.concurrency = concurrency }
            destination.wanted.types = types
            readDelivery(section, into: &destination)
            return destination
        }
        return (destinations, Set(names.keys))
    }

    private func problem(inName name: String) -> String? {
        if name.utf8.count > 100 { return "the name is longer than 100 bytes" }
        let hasControls = name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        return hasControls ? "the name holds a control character" : nil
    }

    /// The absolute path of a Unix socket, which need not be there yet.
    private func socket(_ section: ConfigurationSection) -> String? {
        guard let scalar = section.scalar("socket"), let name = scalar.publicText() else { return nil }
        let path = base.resolve(name)
        // sun_path, unix(7), with its final zero.
        guard path.utf8.count < 108 else {
            scalar.error(
                "\(path.quoted) is longer than 107 bytes, which no socket may be",
                remedy: "use a shorter path"
            )
            return nil
        }
        return path
    }

    private func url(_ section: ConfigurationSection) -> HTTPAddress? {
        guard let scalar = section.required("url", remedy: "add `url: http://127.0.0.1:9000/events`"),
            let text = scalar.publicText()
        else { return nil }
        do {
            let url = try HTTPAddress(text)
            guard url.network.port != 0 else {
                scalar.error("the URL has port 0", remedy: "name the port that the backend listens on")
                return nil
            }
            return url
        } catch {
            scalar.error("the URL \(error.reason)", remedy: error.remedy)
            return nil
        }
    }

    /// A list of known words, each at most once; nil when it is absent.
    func words(
        _ section: ConfigurationSection,
        _ key: String,
        among known: [String],
        what: String
    ) -> Set<String>? {
        guard let scalars = section.scalars(key) else { return nil }
        var words: Set<String> = []
        for scalar in scalars {
            guard let word = scalar.choice(known) else { continue }
            if !words.insert(word).inserted {
                scalar.error("the \(what) \(word.quoted) is named twice", remedy: "remove one")
            }
        }
        return words
    }
}
