import Yams

/// Cuts lines out of the configuration file for people to look at, without showing what may be a secret.
///
/// A value is shown only if the reader asked for it under a key that holds no secret; everything else on the line, a
/// misspelt `pasword: …` for example, is replaced. Comments are cut off, for old passwords live in them.
struct SourceExcerpts {
    private struct Hidden {
        var column: Int
        var length: Int
    }

    private static let mask = "•••"
    private let lines: [String]
    private var hidden: [Int: [Hidden]] = [:]
    private var showsNothing = false

    /// - Parameters:
    ///   - text: the file.
    ///   - root: its tree.
    ///   - showable: places of values that are no secrets.
    init(_ text: String, root: Node?, showable: Set<IssueLog.Position>) {
        lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map(String.init)
        if let root { hide(root, showable, depth: 0) }
    }

    /// For a file that is no YAML, so that nothing is known about its values.
    init() {
        lines = []
    }

    /// The line at a place of the file, or nil where it cannot be shown.
    func excerpt(at position: IssueLog.Position) -> ConfigurationIssue.Excerpt? {
        guard !showsNothing, lines.indices.contains(position.line - 1) else { return nil }
        let scalars = Array(lines[position.line - 1].unicodeScalars)
        let spans = hidden[position.line] ?? []
        var shown = ""
        var indent = 0
        var column = 1
        while column <= scalars.count {
            if column == position.column { indent = shown.unicodeScalars.count }
            if let span = spans.first(where: { $0.column == column }) {
                if position.column > column, position.column < column + span.length {
                    indent = shown.unicodeScalars.count
                }
                shown += SourceExcerpts.mask
                column += max(1, span.length)
                continue
            }
            let scalar = scalars[column - 1]
            if scalar == "#", column == 1 || scalars[column - 2] == " " || scalars[column - 2] == "\t" { break }
            shown += scalar == "\t" ? " " : scalar.printable
            column += 1
        }
        if position.column >= column { indent = shown.unicodeScalars.count }
        while shown.last == " " { shown.removeLast() }
        return ConfigurationIssue.Excerpt(line: shown, indent: indent)
    }

    /// Marks the values below a node that may not be shown.
    private mutating func hide(_ node: Node, _ showable: Set<IssueLog.Position>, depth: Int) {
        guard depth < 64 else {
            showsNothing = true
            return
        }
        switch node {
        case .scalar(let scalar):
            guard let position = node.position, !showable.contains(position), !scalar.string.isEmpty,
                !SecretReference.isReference(scalar.string)
            else { return }
            hide(scalar, at: position)
        case .sequence(let sequence):
            for element in sequence { hide(element, showable, depth: depth + 1) }
        case .mapping(let mapping):
            for (key, value) in mapping {
                if key.scalar == nil { hide(key, showable, depth: depth + 1) }
                hide(value, showable, depth: depth + 1)
            }
        case .alias:
            break
        }
    }

    /// Finds the text of a scalar on its line.
    ///
    /// One that runs over lines or is escaped hides the whole file: rare, and safe.
    private mutating func hide(_ scalar: Node.Scalar, at position: IssueLog.Position) {
        guard lines.indices.contains(position.line - 1) else {
            showsNothing = true
            return
        }
        let rest = lines[position.line - 1].unicodeScalars.dropFirst(position.column - 1)
        let quote: String? =
            switch scalar.style {
            case .plain: ""
            case .singleQuoted: "'"
            case .doubleQuoted: "\""
            case .any, .literal, .folded: nil
            }
        guard let quote, case let source = quote + scalar.string + quote, rest.starts(with: source.unicodeScalars)
        else {
            showsNothing = true
            return
        }
        hidden[position.line, default: []].append(Hidden(column: position.column, length: source.unicodeScalars.count))
    }
}
