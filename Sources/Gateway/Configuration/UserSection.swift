import Auth

/// Reads `users` and `users_file`.
struct UserSection {
    let base: BaseFolder
    let environment: [String: String]

    private static let keys = ConfigurationSection.Keys(known: ["name", "password", "password_hash"])

    private static let hashRemedy = "`hookgate password` makes one"

    /// The users that could be read, and every name that was given, so that one error is not followed by others.
    func read(_ top: ConfigurationSection) -> (accounts: [UserAccount], names: Set<String>) {
        var accounts: [UserAccount] = []
        var names: [String: Int] = [:]
        for section in top.sections("users", keys: UserSection.keys, remedy: nil) {
            let name = name(section)
            if let name {
                if let line = names[name] {
                    section.error(
                        "name",
                        "the user \(name.quoted) is given twice",
                        remedy: "the first one is in line \(line)"
                    )
                }
                names[name] = names[name] ?? section.position(of: "name")?.line ?? 0
            }
            let passwords = passwords(section)
            if let name, !passwords.isEmpty { accounts.append(UserAccount(name: name, passwords: passwords)) }
        }
        if let scalar = top.scalar("users_file"), let file = scalar.publicText() {
            for account in UsersFile(path: base.resolve(file), scalar: scalar).read() {
                if let line = names[account.name] {
                    scalar.error(
                        "the user \(account.name.quoted) stands in the users file and in line \(line)",
                        remedy: "keep one of them"
                    )
                }
                names[account.name] = names[account.name] ?? 0
                accounts.append(account)
            }
        }
        if top.lacks("users"), top.lacks("users_file") {
            top.error(
                "users",
                "is missing",
                remedy: "add `users: [{name: sipgate, password_hash: \"…\"}]` or `users_file`"
            )
        }
        return (accounts, Set(names.keys))
    }

    /// A user-id of RFC 7617, section 2: no colon, no control character.
    static func problem(inName name: String) -> String? {
        if name.isEmpty { return "the name is empty" }
        if name.utf8.count > 255 { return "the name is longer than 255 bytes" }
        if name.contains(":") { return "the name holds a colon, which Basic authentication cannot carry" }
        let hasControls = name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        return hasControls ? "the name holds a control character" : nil
    }

    private func name(_ section: ConfigurationSection) -> String? {
        guard let scalar = section.required("name", remedy: "add `name: sipgate`"), let name = scalar.publicText()
        else {
            return nil
        }
        if let problem = UserSection.problem(inName: name) {
            scalar.error(problem)
            return nil
        }
        return name
    }

    private func passwords(_ section: ConfigurationSection) -> [StoredPassword] {
        var passwords: [StoredPassword] = []
        if let secret = section.scalar("password")?.secret(base: base, environment: environment) {
            passwords.append(.plain(secret))
        }
        for scalar in section.scalars("password_hash", acceptsOne: true) ?? [] {
            let isReference = SecretReference.isReference(scalar.text)
            let resolved = isReference ? scalar.secret(base: base, environment: environment)?.exposed : scalar.text
            guard let hash = resolved else { continue }
            if scalar.isMissing {
                scalar.error("has no value", remedy: UserSection.hashRemedy)
                continue
            }
            do {
                _ = try PasswordHash(hash)
                passwords.append(.hash(hash))
            } catch {
                scalar.error("is no usable password hash", remedy: "\(error)")
            }
        }
        if section.lacks("password"), section.lacks("password_hash") {
            section.log.error(
                section.joined("password_hash"),
                at: section.position,
                "the user has no password",
                remedy: "add `password_hash` (\(UserSection.hashRemedy)) or `password: ${env:NAME}`"
            )
        }
        return passwords
    }
}
