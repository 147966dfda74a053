/// One thing wrong with the configuration: where it stands, what it is, and what to do about it.
///
/// No issue holds a secret: values are quoted only where the key is known to hold none.
package struct ConfigurationIssue: Sendable, Equatable, CustomStringConvertible {
    /// Whether the configuration can be used in spite of it.
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    /// The line it is about, made safe to print, and where in it the caret goes.
    package struct Excerpt: Sendable, Equatable {
        /// One line of the file with hidden values and control characters replaced.
        package let line: String
        /// How many columns stand before the caret.
        package let indent: Int
    }

    /// Whether the configuration can be used in spite of it.
    package let severity: Severity
    /// The file, as it was named.
    package let file: String
    /// The line, from 1; nil when it is about the file as a whole.
    package let line: Int?
    /// The column, from 1, in Unicode scalars; nil when it is about the file as a whole.
    package let column: Int?
    /// The path of the key: `listeners[0].tls.minimum_version`.
    ///
    /// Empty for the top level.
    package let key: String
    /// What is wrong.
    package let message: String
    /// What to do about it, where there is one thing to do.
    package let remedy: String?
    /// The line of the file, where it may be shown.
    package var excerpt: Excerpt?

    /// One line as compilers write it: `config/hookgate.yaml:3:5: error: listeners[0].addres: …`.
    package var description: String {
        var text = file
        if let line { text += ":\(line)" }
        if let column { text += ":\(column)" }
        text += ": \(severity.rawValue): "
        if !key.isEmpty { text += "\(key): " }
        text += message
        if let remedy { text += "; \(remedy)" }
        return text
    }
}

/// Everything wrong with a configuration that cannot be used: errors and warnings in the order of the file.
package struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    /// At least one error.
    package let issues: [ConfigurationIssue]

    /// One issue a line.
    package var description: String { issues.map(\.description).joined(separator: "\n") }
}
