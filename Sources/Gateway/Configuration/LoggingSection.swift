/// Reads `logging`.
struct LoggingSection {
    let base: BaseFolder
    let environment: [String: String]

    private static let keys = ConfigurationSection.Keys(
        known: ["level", "format", "mask_personal_data", "pseudonym_key"]
    )
    private static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// What is not given, or could not be read, which is noted, has its default.
    func read(_ top: ConfigurationSection) -> LoggingConfiguration {
        var logging = LoggingConfiguration(level: "info", format: .text, masksPersonalData: true)
        guard let section = top.section("logging", keys: LoggingSection.keys) else { return logging }
        if let level = section.scalar("level")?.choice(LoggingSection.levels) { logging.level = level }
        let formats = LoggingConfiguration.Format.allCases.map(\.rawValue)
        if let format = section.scalar("format")?.choice(formats).flatMap(LoggingConfiguration.Format.init) {
            logging.format = format
        }
        if let masks = section.scalar("mask_personal_data")?.boolean() { logging.masksPersonalData = masks }
        logging.pseudonymKey = section.scalar("pseudonym_key")?.key(base: base, environment: environment)
        return logging
    }
}
