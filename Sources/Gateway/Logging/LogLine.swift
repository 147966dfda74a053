import Logging
import NIOCore
import Webhooks

/// One log record on its way to bytes: `2026-11-23T06:25:05.123Z info hookgate: message key=value`, or a JSON object.
///
/// For systemd's journal it begins with the level as `<6>`, and a text line has no time.
struct LogLine {
    /// The whole line with its line feed: PIPE_BUF of Linux.
    static let maxBytes = 4096
    /// One value, before it is cut.
    private static let maxValueBytes = 1024

    private let format: LoggingConfiguration.Format
    private let isForJournal: Bool
    private(set) var bytes: ByteBuffer
    private var isFull = false

    init(format: LoggingConfiguration.Format, isForJournal: Bool = false) {
        self.format = format
        self.isForJournal = isForJournal
        bytes = ByteBuffer()
        bytes.reserveCapacity(512)
    }

    /// Writes what every record has.
    mutating func begin(_ time: Timestamp, _ level: Logger.Level, label: String, message: String) {
        if isForJournal { bytes.writeString("<\(JournalStream.priority(level))>") }
        switch format {
        case .text:
            if !isForJournal {
                bytes.writeTimestamp(time)
                bytes.writeInteger(UInt8(ascii: " "))
            }
            bytes.writeString("\(level.rawValue) ")
            LogText.writeEscaped(label, limit: 64, to: &bytes)
            bytes.writeStaticString(": ")
            LogText.writeEscaped(message, limit: LogLine.maxValueBytes, to: &bytes)
        case .json:
            bytes.writeStaticString("{\"time\":\"")
            bytes.writeTimestamp(time)
            bytes.writeString("\",\"level\":\"\(level.rawValue)\",\"logger\":")
            LogText.writeQuoted(label, limit: 64, to: &bytes)
            bytes.writeStaticString(",\"message\":")
            LogText.writeQuoted(message, limit: LogLine.maxValueBytes, to: &bytes)
        }
    }

    /// Writes one field; from the first that does not fit on, only that something is missing.
    mutating func write(_ key: String, _ value: Logger.Metadata.Value) {
        guard !isFull else { return }
        let start = bytes.writerIndex
        switch format {
        case .text:
            bytes.writeInteger(UInt8(ascii: " "))
            LogText.writeValue(key, limit: 64, to: &bytes)
            bytes.writeInteger(UInt8(ascii: "="))
            LogText.writeValue(text(value, depth: 0), limit: LogLine.maxValueBytes, to: &bytes)
        case .json:
            bytes.writeInteger(UInt8(ascii: ","))
            let isReserved = ["time", "level", "logger", "message"].contains(key)
            LogText.writeQuoted(isReserved ? "_" + key : key, limit: 64, to: &bytes)
            bytes.writeInteger(UInt8(ascii: ":"))
            writeJSON(value, depth: 0)
        }
        guard bytes.writerIndex > LogLine.maxBytes - 32 else { return }
        isFull = true
        bytes.moveWriterIndex(to: start)
        bytes.writeStaticString(format == .text ? " cut=true" : ",\"cut\":true")
    }

    /// Writes one field of a fixed name.
    mutating func write(_ key: StaticString, _ text: String) {
        begin(key)
        switch format {
        case .text: LogText.writeValue(text, limit: LogLine.maxValueBytes, to: &bytes)
        case .json: LogText.writeQuoted(text, limit: LogLine.maxValueBytes, to: &bytes)
        }
    }

    /// Writes one field of a fixed name; not negative, and exact to every reader of JSON below 2⁵³.
    mutating func write(_ key: StaticString, _ number: Int) {
        begin(key)
        bytes.writeDecimal(number)
    }

    /// A name that needs no escaping and is none of the line's own.
    private mutating func begin(_ key: StaticString) {
        switch format {
        case .text:
            bytes.writeInteger(UInt8(ascii: " "))
            bytes.writeStaticString(key)
            bytes.writeInteger(UInt8(ascii: "="))
        case .json:
            bytes.writeStaticString(",\"")
            bytes.writeStaticString(key)
            bytes.writeStaticString("\":")
        }
    }

    /// Ends the line.
    mutating func end() {
        if format == .json { bytes.writeInteger(UInt8(ascii: "}")) }
        bytes.writeInteger(UInt8(ascii: "\n"))
    }

    /// A value in one piece; lists and dictionaries look like `[a, b]` and `{k: v}`.
    private func text(_ value: Logger.Metadata.Value, depth: Int) -> String {
        guard depth < 8 else { return "…" }
        switch value {
        case .string(let string): return string
        case .stringConvertible(let convertible): return convertible.description
        case .array(let values):
            return "[" + values.map { text($0, depth: depth + 1) }.joined(separator: ", ") + "]"
        case .dictionary(let fields):
            let pairs = fields.sorted { $0.key < $1.key }.map { "\($0.key): \(text($0.value, depth: depth + 1))" }
            return "{" + pairs.joined(separator: ", ") + "}"
        }
    }

    /// Whether every reader of JSON gets the same number: 53 bits (RFC 8259, section 6).
    private static func isExact(_ number: some BinaryInteger) -> Bool {
        number.magnitude < 1 << 53
    }

    private mutating func writeJSON(_ value: Logger.Metadata.Value, depth: Int) {
        guard depth < 8 else {
            bytes.writeStaticString("\"…\"")
            return
        }
        switch value {
        case .string(let string):
            LogText.writeQuoted(string, limit: LogLine.maxValueBytes, to: &bytes)
        case .stringConvertible(let convertible):
            let text = convertible.description
            let isNumber = (convertible as? any BinaryInteger).map { LogLine.isExact($0) } ?? (convertible is Bool)
            if isNumber {
                bytes.writeString(text)
            } else {
                LogText.writeQuoted(text, limit: LogLine.maxValueBytes, to: &bytes)
            }
        case .array(let values):
            bytes.writeInteger(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.writeInteger(UInt8(ascii: ",")) }
                writeJSON(value, depth: depth + 1)
            }
            bytes.writeInteger(UInt8(ascii: "]"))
        case .dictionary(let fields):
            bytes.writeInteger(UInt8(ascii: "{"))
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.writeInteger(UInt8(ascii: ",")) }
                LogText.writeQuoted(field.key, limit: 64, to: &bytes)
                bytes.writeInteger(UInt8(ascii: ":"))
                writeJSON(field.value, depth: depth + 1)
            }
            bytes.writeInteger(UInt8(ascii: "}"))
        }
    }
}
