import Sipgate

extension ConfigurationScalar {
    private static let zones = "/usr/share/zoneinfo/"

    /// A place of the tz database, with what its clocks show.
    func timeZone() -> TimeZoneTable? {
        guard let name = publicText() else { return nil }
        if name == "UTC" { return .utc }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            part.first?.isLetter == true && part.utf8.allSatisfy { $0 < 0x80 && $0 > 0x20 }
        }
        do {
            guard isName else { throw LocalFile.Problem(reason: "no such zone") }
            return try TimeZoneTable.read(ConfigurationScalar.zones + name)
        } catch {
            self.error(
                "the time zone \(name.quoted) is not known to this machine",
                remedy: "write a name of the tz database such as `Europe/Berlin`; they come with the package tzdata"
            )
            return nil
        }
    }
}

extension TimeZoneTable {
    /// What the clocks of this machine show; universal time where it does not say.
    static var local: TimeZoneTable { (try? read("/etc/localtime")) ?? .utc }

    fileprivate static func read(_ path: String) throws -> TimeZoneTable {
        try TimeZoneFile.table(from: LocalFile.read(path, limit: TimeZoneFile.maxBytes).bytes)
    }
}
