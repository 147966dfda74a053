import NIOCore

/// Reads `refusals`.
struct RefusalsSection {
    let base: BaseFolder
    /// The path of the journal; nil when there is none, or it could not be read.
    let journal: String?

    private static let keys = ConfigurationSection.Keys(known: ["path", "retain", "max_size", "max_rate"])

    /// Nil when none are kept: without a journal and a path of their own, or with a rate of 0.
    func read(_ top: ConfigurationSection) -> RefusalsConfiguration? {
        let standard = journal.map(RefusalsConfiguration.path(besideJournal:))
        guard top.has("refusals") else { return standard.map { RefusalsConfiguration(path: $0) } }
        guard let section = top.section("refusals", keys: RefusalsSection.keys) else { return nil }
        let retain = section.scalar("retain")?.duration(in: .minutes(1) ... .hours(24 * 3650))
        let maxSize = section.scalar("max_size")?.size(in: 1 << 20...1 << 40)
        let maxRate = section.scalar("max_rate")?.integer(in: 0...10_000)
        if !section.has("path"), standard == nil, !top.has("journal") {
            top.error(
                "refusals",
                "names no file, and there is no journal to put one beside",
                remedy: "add `path: ../var/refusals.sqlite`"
            )
            return nil
        }
        guard let path = section.has("path") ? path(section) : standard, maxRate != 0 else { return nil }
        var refusals = RefusalsConfiguration(path: path)
        if let retain { refusals.retain = retain }
        if let maxSize { refusals.maxBytes = maxSize }
        if let maxRate { refusals.maxRate = maxRate }
        return refusals
    }

    private func path(_ section: ConfigurationSection) -> String? {
        guard let scalar = section.scalar("path"), let name = scalar.publicText() else { return nil }
        let path = base.resolve(name)
        guard !name.hasSuffix("/") else {
            scalar.error("names a folder", remedy: "name the file: `\(name)refusals.sqlite`")
            return nil
        }
        guard path != journal else {
            scalar.error("is the journal's file", remedy: "name another one, or leave `path` out")
            return nil
        }
        if let reason = LocalFile.obstacle(to: path), LocalFile.exists(path) {
            scalar.error("cannot open \(path.quoted): \(reason)")
            return nil
        }
        return path
    }
}
