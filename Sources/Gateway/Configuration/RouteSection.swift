import OpenSSL
import Webhooks

/// Reads `routes`.
struct RouteSection {
    /// Every user and destination that was named, good or bad.
    let users: Set<String>
    let destinations: Set<String>
    /// Whether the file has a `journal`, good or bad.
    let hasJournal: Bool
    /// Whether clients have anywhere to show a certificate.
    let asksForCertificates: Bool
    let base: BaseFolder

    private static let keys = ConfigurationSection.Keys(
        known: ["path", "provider", "users", "destinations", "durable", "clients"] + AddressSection.keys
            + CallsSection.keys
    )
    /// What a provider puts behind the path of a route in its follow-up addresses.
    private static let followUps = ["answer", "hangup", "dtmf"]

    /// All routes that could be read.
    func read(_ top: ConfigurationSection) -> [RouteConfiguration] {
        let remedy = "add `routes: [{path: /hooks/sipgate, provider: sipgate, users: […], destinations: […]}]`"
        var paths: [(path: String, line: Int)] = []
        return top.sections("routes", keys: RouteSection.keys, remedy: remedy).compactMap { section in
            let path = path(section)
            if let path {
                check(path, section, against: paths)
                paths.append((path, section.position(of: "path")?.line ?? 0))
            }
            let provider = section.required("provider", remedy: "add `provider: sipgate`")?
                .choice(ProviderName.allCases.map(\.rawValue)).flatMap(ProviderName.init)
            let open = "name who may post; a route without users is not served"
            let users = names(section, "users", among: users, what: "user", remedy: open)
            let receivers = "name at least one entry of `destinations`"
            let destinations = names(
                section,
                "destinations",
                among: destinations,
                what: "destination",
                remedy: receivers
            )
            let durable = section.scalar("durable")
            let isDurable = durable?.boolean() ?? hasJournal
            if let durable, isDurable, !hasJournal {
                durable.error("needs a journal", remedy: "add `journal: {path: ../var/journal.sqlite}`")
            }
            let calls = CallsSection(destinations: self.destinations, base: base).read(section, isDurable: isDurable)
            guard let path, let provider, let users, let destinations else { return nil }
            return RouteConfiguration(
                path: path,
                provider: provider,
                users: users,
                destinations: destinations,
                isDurable: isDurable,
                calls: calls,
                addresses: AddressSection.read(section),
                certificates: certificates(section)
            )
        }
    }

    /// Who may post, by certificate.
    private func certificates(_ section: ConfigurationSection) -> CertificateRules {
        guard let scalars = section.scalars("clients", acceptsOne: true) else { return CertificateRules() }
        let prefix = CertificateRules.fingerprintPrefix
        let allowed = scalars.compactMap { scalar -> String? in
            guard let text = scalar.publicText() else { return nil }
            if text.hasPrefix(prefix), Digest(hexadecimal: String(text.dropFirst(prefix.count))) != nil { return text }
            if !text.hasPrefix(prefix), text.contains("=") { return text }
            scalar.error(
                "\(text.quoted) is neither a subject nor a fingerprint",
                remedy:
                    "write `CN=proxy,O=Example`, or `sha256:` and 64 digits as `hookgate cert inspect FILE` shows them"
            )
            return nil
        }
        if !asksForCertificates, allowed.count == scalars.count {
            section.error(
                "clients",
                "lets nobody in, since no listener asks for certificates",
                remedy: "add `client_certificates: {ca: clients-ca.pem}` to the `tls` of a listener"
            )
        }
        return CertificateRules(allowed: Set(allowed))
    }

    private func path(_ section: ConfigurationSection) -> String? {
        guard let scalar = section.required("path", remedy: "add `path: /hooks/sipgate`"),
            let path = scalar.publicText()
        else { return nil }
        if let problem = RouteSection.problem(inPath: path) {
            scalar.error("the path \(problem.message)", remedy: problem.remedy)
            return nil
        }
        return path
    }

    /// Paths are compared byte by byte, so they have to be in the one form that nobody writes differently.
    static func problem(inPath path: String) -> (message: String, remedy: String?)? {
        guard path.hasPrefix("/") else { return ("does not start with a slash", "write \("/\(path)".quoted)") }
        guard path.utf8.count <= 512 else { return ("is longer than 512 bytes", nil) }
        if path.contains("?") { return ("holds a query", "remove everything from the `?` on") }
        if path.contains("#") { return ("holds a fragment", "remove everything from the `#` on") }
        if path.contains("%") { return ("is percent-encoded", "use letters, digits and `-._~` only") }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if path == "/" { return ("is the root", "give the route a path of its own: `/hooks/sipgate`") }
        if segments.contains(".") || segments.contains("..") { return ("holds `.` or `..`", "write the path it means") }
        if segments.last == "" { return ("ends with a slash", "write \(path.dropLast().description.quoted)") }
        if segments.contains("") { return ("holds an empty part", "write single slashes") }
        let allowed = path.utf8.allSatisfy { byte in
            (45...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "_~!$&'()*+,;=:@".utf8.contains(byte)
        }
        return allowed ? nil : ("holds a character that no path may hold", "use letters, digits and `-._~` only")
    }

    private func check(_ path: String, _ section: ConfigurationSection, against others: [(path: String, line: Int)]) {
        for other in others {
            if other.path == path {
                section.error("path", "another route has this path", remedy: "it is in line \(other.line)")
            } else if isFollowUp(path, of: other.path) || isFollowUp(other.path, of: path) {
                section.error(
                    "path",
                    "clashes with the follow-up addresses of the route in line \(other.line) or the other way round",
                    remedy: "do not put one route below another's `/answer/`, `/hangup/` or `/dtmf/`"
                )
            }
        }
    }

    private func isFollowUp(_ path: String, of route: String) -> Bool {
        guard path.hasPrefix(route + "/") else { return false }
        let rest = path.dropFirst(route.count + 1).split(separator: "/")
        return rest.count == 2 && RouteSection.followUps.contains(String(rest[0]))
    }

    /// A list of names that have to exist.
    ///
    /// Nil, with the reason noted, when it is absent or empty.
    private func names(
        _ section: ConfigurationSection,
        _ key: String,
        among known: Set<String>,
        what: String,
        remedy: String
    ) -> [String]? {
        if section.lacks(key) { section.error(key, "is missing", remedy: remedy) }
        guard let scalars = section.scalars(key) else { return nil }
        var names: [String] = []
        for scalar in scalars {
            guard let name = scalar.publicText() else { continue }
            if !known.contains(name) {
                let remedy = NearestName.remedy(known.sorted(), to: name) ?? "none is configured"
                scalar.error("there is no \(what) \(name.quoted)", remedy: remedy)
            } else if names.contains(name) {
                scalar.error("the \(what) \(name.quoted) is named twice", remedy: "remove one")
            } else {
                names.append(name)
            }
        }
        return names.isEmpty ? nil : names
    }
}
