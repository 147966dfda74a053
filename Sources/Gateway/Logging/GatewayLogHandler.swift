package import Logging
import Webhooks

/// Writes log records to standard error, one line each, as text for people or JSON for machines.
///
/// The message of a record is a constant; everything that varies is metadata. Nothing in either can begin a new line or
/// reach a terminal as a command. A record of the handler wins over metadata of its logger with the same key.
/// Metadata that may quote somebody, an error or what is wrong with a file, loses what looks like a telephone number.
package struct GatewayLogHandler: LogHandler {
    /// The name of the program in its lines.
    package static let label = "hookgate"

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LoggingConfiguration.Format
    private let isForJournal: Bool
    private let output: any LogOutput
    private let personal: PersonalData
    /// The keys of metadata that may quote somebody.
    private static let quoting: Set<String> = ["error", "problem", "help", "reason"]

    /// - Parameters:
    ///   - label: names the part of the program.
    ///   - level: records below it are not made.
    ///   - format: how a line looks.
    ///   - isForJournal: whether systemd's journal reads it, which wants levels and knows the time.
    ///   - output: where lines go.
    ///   - personal: masks what may be a telephone number in errors.
    package init(
        label: String,
        level: Logger.Level,
        format: LoggingConfiguration.Format,
        isForJournal: Bool = false,
        output: any LogOutput = StandardError(),
        personal: PersonalData = PersonalData(isMasked: true)
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.isForJournal = isForJournal
        self.output = output
        self.personal = personal
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let own = event.metadata { fields.merge(own) { _, new in new } }
        if let error = event.error { fields["error"] = .string("\(error)") }
        var line = LogLine(format: format, isForJournal: isForJournal)
        line.begin(.now(), event.level, label: label, message: event.message.description)
        for key in fields.keys.sorted() {
            guard let value = fields[key] else { continue }
            if case .string(let text) = value, GatewayLogHandler.quoting.contains(key) {
                line.write(key, .string(personal.text(text)))
            } else {
                line.write(key, value)
            }
        }
        line.end()
        output.write(line.bytes)
    }
}

extension Logger {
    /// The logger of the gateway as its configuration wants it.
    package init(
        _ configuration: LoggingConfiguration,
        isForJournal: Bool = false,
        label: String = GatewayLogHandler.label,
        output: any LogOutput = StandardError()
    ) {
        let level = Logger.Level(rawValue: configuration.level) ?? .info
        self.init(label: label) { label in
            GatewayLogHandler(
                label: label,
                level: level,
                format: configuration.format,
                isForJournal: isForJournal,
                output: output,
                personal: PersonalData(configuration)
            )
        }
    }
}
