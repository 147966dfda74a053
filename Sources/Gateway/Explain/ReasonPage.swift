/// `docs/reasons.md`, made from the code.
package enum ReasonPage {
    /// The page.
    package static var markdown: String {
        var text = """
            # Every word for what happened

            The same word stands in the reply, the log, the metrics and the API, and never changes its meaning. `make docs` makes this
            page from the code. Why one request was refused: `hookgate explain ID`, with the `X-Request-Id` of its reply.

            After a refusal marked "closes" the connection ends, because nobody can say where the next request begins, or because
            waiting longer is what an attacker wants. In HTTP/2 only the request's stream ends.

            """
        for section in StableWords.sections {
            text += "\n## \(section.title)\n\n\(section.place).\n\n\(table(section))"
        }
        return text
    }

    private static func table(_ section: StableWords.Section) -> String {
        let hasStatus = section.entries.contains { $0.status != nil }
        let hasRemedy = section.entries.contains { $0.remedy != nil }
        let head = ["word"] + (hasStatus ? ["status"] : []) + ["meaning"] + (hasRemedy ? ["what to do"] : [])
        var lines = [row(head), row(head.map { _ in "---" })]
        for entry in section.entries {
            var cells = ["`\(entry.word)`"]
            if hasStatus { cells.append(entry.status ?? "") }
            cells.append(entry.meaning)
            if hasRemedy { cells.append(entry.remedy ?? "") }
            lines.append(row(cells))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }
}
