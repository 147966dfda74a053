import NIOCore

/// Reads `journal`.
struct JournalSection {
    let base: BaseFolder

    private static let keys = ConfigurationSection.Keys(known: ["path", "retain", "max_size"])

    /// Nil when it is absent, or could not be read, which is noted.
    func read(_ top: ConfigurationSection) -> JournalConfiguration? {
        guard let section = top.section("journal", keys: JournalSection.keys) else { return nil }
        let path = path(section)
        let retain = section.scalar("retain")?.duration(in: .minutes(1) ... .hours(24 * 3650))
        let maxSize = section.scalar("max_size")?.size(in: 16 << 20...1 << 50)
        guard let path else { return nil }
        return JournalConfiguration(path: path, retain: retain ?? .hours(24 * 7), maxBytes: maxSize ?? 2 << 30)
    }

    private func path(_ section: ConfigurationSection) -> String? {
        guard let scalar = section.required("path", remedy: "add `path: ../var/journal.sqlite`"),
            let name = scalar.publicText()
        else { return nil }
        let path = base.resolve(name)
        guard !name.hasSuffix("/") else {
            scalar.error("names a folder", remedy: "name the file: `\(name)journal.sqlite`")
            return nil
        }
        // The file itself is made when it is missing; whether it can be written shows when it is opened.
        if let reason = LocalFile.obstacle(to: path), LocalFile.exists(path) {
            scalar.error("cannot open \(path.quoted): \(reason)")
            return nil
        }
        return path
    }
}
