import Logging

/// Whether standard error goes to systemd's journal, and how its lines look there (sd-daemon(3)).
///
/// Each line begins with its level, `<6>`, which the journal takes off and stores; it knows the time by itself.
package enum JournalStream {
    /// Whether `JOURNAL_STREAM` names what standard error is: a child whose output goes elsewhere inherits the variable.
    package static func isStandardError(_ environment: [String: String]) -> Bool {
        guard let text = environment["JOURNAL_STREAM"] else { return false }
        return text == LocalFile.standardErrorIdentity
    }

    /// The level of syslog(3) for one of ours.
    static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// A text of several lines, each with its level.
    static func marked(_ text: String, _ level: Logger.Level) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        return lines.map { "<\(priority(level))>\($0)\n" }.joined()
    }
}
