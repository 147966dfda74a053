/// Reads `admin`.
struct AdminSection {
    private static let keys = ConfigurationSection.Keys(known: ["address"])
    private static let remedy = "write `127.0.0.1:9443`"

    /// Nil when it is absent, or could not be read, which is noted.
    func read(_ top: ConfigurationSection) -> AdminConfiguration? {
        guard let section = top.section("admin", keys: AdminSection.keys),
            let scalar = section.required("address", remedy: "add `address: 127.0.0.1:9443`"),
            let text = scalar.publicText()
        else { return nil }
        let address: NetworkAddress
        do {
            address = try NetworkAddress(text[...])
        } catch {
            scalar.error("the address \(error.reason)", remedy: error.remedy)
            return nil
        }
        guard let port = address.port else {
            scalar.error("the address has no port", remedy: AdminSection.remedy)
            return nil
        }
        // Plain HTTP without credentials: for this machine only.
        guard address.host == "localhost" || address.host == "::1" || address.host.hasPrefix("127.") else {
            scalar.error("is not an address of the loopback interface", remedy: AdminSection.remedy)
            return nil
        }
        return AdminConfiguration(host: address.host, port: port)
    }
}
