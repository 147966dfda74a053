/// Reads `admin`.
struct AdminSection {
    let base: BaseFolder
    let environment: [String: String]
    /// Every user that was named, good or bad.
    let users: Set<String>

    private static let keys = ConfigurationSection.Keys(known: ["address", "names", "users", "tls"])
    private static let remedy = "write `127.0.0.1:9443`"

    /// Nil when it is absent, or could not be read, which is noted.
    func read(_ top: ConfigurationSection) -> AdminConfiguration? {
        guard let section = top.section("admin", keys: AdminSection.keys) else { return nil }
        let names = hostNames(section)
        let users = userNames(section)
        let tls =
            section.has("tls") ? ListenerSection(base: base, environment: environment).tls(section) : nil
        guard let (address, scalar) = address(section), let port = address.port else { return nil }
        // Who is not on this machine has to show who they are, and nobody may listen in to that.
        let isLocal = address.host == "localhost" || address.host == "::1" || address.host.hasPrefix("127.")
        if !isLocal, section.lacks("tls") || section.lacks("users") {
            scalar.error(
                "is not an address of the loopback interface: that needs `tls` and `users`",
                remedy: "\(AdminSection.remedy), or add `tls: {certificates: […]}` and `users: [operator]`"
            )
            return nil
        }
        return AdminConfiguration(host: address.host, port: port, names: names, users: users, tls: tls)
    }

    private func address(_ section: ConfigurationSection) -> (NetworkAddress, ConfigurationScalar)? {
        guard let scalar = section.required("address", remedy: "add `address: 127.0.0.1:9443`"),
            let text = scalar.publicText()
        else { return nil }
        do {
            let address = try NetworkAddress(text[...])
            guard address.port != nil else {
                scalar.error("the address has no port", remedy: AdminSection.remedy)
                return nil
            }
            return (address, scalar)
        } catch {
            scalar.error("the address \(error.reason)", remedy: error.remedy)
            return nil
        }
    }

    /// The names under which operators ask for it.
    private func hostNames(_ section: ConfigurationSection) -> [String] {
        guard section.has("names") else { return [] }
        return (section.scalars("names") ?? []).compactMap { scalar in
            guard let text = scalar.publicText() else { return nil }
            guard let address = try? NetworkAddress(text[...]), address.port == nil, !address.isIPv6 else {
                scalar.error("is no name of a host", remedy: "write the name alone: `hooks.example.net`")
                return nil
            }
            return text
        }
    }

    private func userNames(_ section: ConfigurationSection) -> [String] {
        guard section.has("users") else { return [] }
        return (section.scalars("users") ?? []).compactMap { scalar in
            guard let name = scalar.publicText() else { return nil }
            guard users.contains(name) else {
                let remedy = NearestName.remedy(users.sorted(), to: name) ?? "none is configured"
                scalar.error("there is no user \(name.quoted)", remedy: remedy)
                return nil
            }
            return name
        }
    }
}
