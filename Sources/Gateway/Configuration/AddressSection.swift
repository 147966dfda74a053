import Webhooks

/// Reads `allow` and `deny` of a listener or a route.
enum AddressSection {
    static let keys = ["allow", "deny"]

    static func read(_ section: ConfigurationSection) -> AddressRules {
        AddressRules(allow: blocks(section, "allow"), deny: blocks(section, "deny"))
    }

    /// The blocks of a list.
    static func blocks(
        _ section: ConfigurationSection,
        _ key: String,
        mayHoldEverybody: Bool = true
    ) -> [AddressBlock] {
        let scalars = section.scalars(key, acceptsOne: true) ?? []
        return scalars.compactMap { scalar -> AddressBlock? in
            guard let text = scalar.publicText() else { return nil }
            do throws(AddressBlock.Problem) {
                let block = try AddressBlock(text)
                if block.holdsEverybody, !mayHoldEverybody {
                    scalar.error("\(text.quoted) is everybody", remedy: "name the addresses of your own proxies")
                }
                return block
            } catch {
                scalar.error(
                    "\(text.quoted) \(error.reason)",
                    remedy: "write `192.0.2.7`, `192.0.2.0/24` or `2001:db8::/32`"
                )
                return nil
            }
        }
    }
}
