import Auth

/// Collects what is wrong while a configuration is read, so that all of it can be reported at once.
///
/// Used by one thread, for one load.
final class IssueLog {
    /// A place in a file, both from 1.
    struct Position: Hashable, Comparable {
        var line: Int
        var column: Int

        static func < (a: Position, b: Position) -> Bool {
            (a.line, a.column) < (b.line, b.column)
        }
    }

    /// The file that is read now.
    let file: String
    /// What was found so far, in the order it was found.
    private(set) var issues: [ConfigurationIssue] = []
    /// Places of values that may be shown: the reader asked for them under a key that holds no secret.
    private(set) var showable: Set<Position> = []
    /// What references named, by key.
    private var secrets: [String: Secret] = [:]

    init(file: String) {
        self.file = file
    }

    /// Whether anything found so far makes the configuration unusable.
    var hasErrors: Bool { issues.contains { $0.severity == .error } }

    /// Notes an error at a place of the file.
    func error(_ key: String, at position: Position?, _ message: String, remedy: String? = nil) {
        add(.error, key, position, message, remedy)
    }

    /// Notes a warning at a place of the file.
    func warning(_ key: String, at position: Position?, _ message: String, remedy: String? = nil) {
        add(.warning, key, position, message, remedy)
    }

    /// Notes something about another file, a users file for example.
    func note(_ issue: ConfigurationIssue) {
        issues.append(issue)
    }

    /// Declares that the value at this place is no secret.
    func show(_ position: Position) {
        showable.insert(position)
    }

    /// Keeps what the reference of a key names.
    func keep(_ secret: Secret, for key: String) {
        secrets[key] = secret
    }

    /// What the references below a key of the top named, by their own keys.
    func secrets(below top: String) -> [String: Secret] {
        secrets.filter { $0.key.prefix { $0 != "." && $0 != "[" } == top }
    }

    /// All issues in the order of the file, each with its line where that may be shown.
    func finished(_ excerpt: (Position) -> ConfigurationIssue.Excerpt?) -> [ConfigurationIssue] {
        let numbered = issues.enumerated().map { offset, issue in
            var issue = issue
            if issue.file == file, let line = issue.line, let column = issue.column {
                issue.excerpt = excerpt(Position(line: line, column: column))
            }
            return (offset: offset, issue: issue)
        }
        return numbered.sorted { a, b in
            let first = (a.issue.file == file ? 0 : 1, a.issue.line ?? 0, a.issue.column ?? 0, a.offset)
            let second = (b.issue.file == file ? 0 : 1, b.issue.line ?? 0, b.issue.column ?? 0, b.offset)
            return first < second
        }.map(\.issue)
    }

    private func add(
        _ severity: ConfigurationIssue.Severity,
        _ key: String,
        _ position: Position?,
        _ message: String,
        _ remedy: String?
    ) {
        issues.append(
            ConfigurationIssue(
                severity: severity,
                file: file,
                line: position?.line,
                column: position?.column,
                key: key,
                message: message,
                remedy: remedy
            )
        )
    }
}
