import Yams

/// The configuration file as a tree of nodes with their places.
///
/// Scalars are not given YAML's implicit types: which text is a number or a boolean is decided by the key that asks.
struct YAMLDocument {
    /// A file that is no YAML: what the parser says, and where.
    struct SyntaxProblem: Error {
        let position: IssueLog.Position?
        let message: String
    }

    /// The top of the tree; nil for a file without content.
    let root: Node?
    /// Keys that come again later in their mapping: the place of the first one and its name.
    ///
    /// See `compose`.
    let duplicated: [IssueLog.Position: String]

    /// How many duplicate keys are told apart before the rest has to wait for the next run.
    private static let maxDuplicates = 64

    /// Parses a text that should hold one document.
    ///
    /// Yams stops at the first mapping with a duplicate key. To report all of them at once, the first of the twins gets a
    /// name of its own (its first character becomes one of the private use area) and the text is parsed again.
    static func compose(_ text: String) throws(SyntaxProblem) -> YAMLDocument {
        var scalars = LineTable(text)
        var duplicated: [IssueLog.Position: String] = [:]
        while true {
            do {
                let root = try Parser(yaml: scalars.text, resolver: .basic, encoding: .utf8).singleRoot()
                return YAMLDocument(root: root, duplicated: duplicated)
            } catch {
                guard case .duplicatedKeysInMapping(let names, let context)? = error as? YamlError,
                    let name = names.first
                else { throw problem(error) }
                let position = IssueLog.Position(line: context.mark.line, column: context.mark.column)
                guard duplicated.count < maxDuplicates, let number = UInt32(exactly: 0xE000 + duplicated.count),
                    let stranger = Unicode.Scalar(number),
                    scalars.renameKey(name, at: position, to: stranger)
                else {
                    throw SyntaxProblem(position: position, message: "the key \(name.quoted) is given twice")
                }
                duplicated[position] = name
            }
        }
    }

    /// Words for what the parser found.
    ///
    /// Its own texts name rules of YAML, never content of the file.
    private static func problem(_ error: any Error) -> SyntaxProblem {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let words = context.map { "\(problem) (\($0.text), line \($0.mark.line))" } ?? problem
            return SyntaxProblem(
                position: IssueLog.Position(line: mark.line, column: mark.column),
                message: "not valid YAML: \(words)"
            )
        case .reader(let problem, _, _, _):
            return SyntaxProblem(position: nil, message: "not valid YAML: \(problem)")
        default:
            return SyntaxProblem(position: nil, message: "not valid YAML")
        }
    }
}

extension Node {
    /// Where the node begins.
    var position: IssueLog.Position? {
        mark.map { IssueLog.Position(line: $0.line, column: $0.column) }
    }
}

/// The lines of a text as libyaml counts them, whose characters can be replaced one for one.
private struct LineTable {
    private var lines: [[Unicode.Scalar]]

    init(_ text: String) {
        // A line break is LF, CR or both; NEL, LS and PS count as well (YAML 1.1, section 5.4).
        lines = [[]]
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            if scalar == "\n" && previous == "\r" {
                lines[lines.count - 1].append(scalar)
                previous = scalar
                lines.append([])
                continue
            }
            if previous == "\r" { lines.append([]) }
            lines[lines.count - 1].append(scalar)
            if scalar == "\n" || scalar == "\u{85}" || scalar == "\u{2028}" || scalar == "\u{2029}" { lines.append([]) }
            previous = scalar
        }
    }

    var text: String {
        var result = ""
        for line in lines { result.unicodeScalars.append(contentsOf: line) }
        return result
    }

    /// Replaces the first character of a key; false when the key is not found there as it is.
    mutating func renameKey(_ name: String, at position: IssueLog.Position, to stranger: Unicode.Scalar) -> Bool {
        guard let first = name.unicodeScalars.first, lines.indices.contains(position.line - 1) else { return false }
        let line = position.line - 1
        for column in [position.column - 1, position.column] {
            guard lines[line].indices.contains(column) else { return false }
            if lines[line][column] == first {
                lines[line][column] = stranger
                return true
            }
            guard lines[line][column] == "\"" || lines[line][column] == "'" else { return false }
        }
        return false
    }
}
