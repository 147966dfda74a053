/// Issues of a configuration for people: where, what, the line with a caret, and what to do.
enum IssueReport {
    static func text(_ issues: [ConfigurationIssue]) -> String {
        issues.map(text).joined() + summary(issues)
    }

    /// One issue in two to four lines.
    static func text(_ issue: ConfigurationIssue) -> String {
        var place = issue.file
        if let line = issue.line { place += ":\(line)" }
        if let column = issue.column { place += ":\(column)" }
        let key = issue.key.isEmpty ? "" : "\(issue.key): "
        var text = "\(place): \(issue.severity.rawValue): \(key)\(issue.message)\n"
        if let excerpt = issue.excerpt {
            let number = issue.line.map { "\($0)" } ?? ""
            let margin = String(repeating: " ", count: number.count)
            text += "  \(number) | \(excerpt.line)\n"
            text += "  \(margin) | \(String(repeating: " ", count: excerpt.indent))^\n"
        }
        if let remedy = issue.remedy { text += "  help: \(remedy)\n" }
        return text
    }

    private static func summary(_ issues: [ConfigurationIssue]) -> String {
        let errors = issues.count { $0.severity == .error }
        let warnings = issues.count - errors
        var parts: [String] = []
        if errors > 0 { parts.append(errors == 1 ? "1 error" : "\(errors) errors") }
        if warnings > 0 { parts.append(warnings == 1 ? "1 warning" : "\(warnings) warnings") }
        return parts.isEmpty ? "" : parts.joined(separator: ", ") + "\n"
    }
}
