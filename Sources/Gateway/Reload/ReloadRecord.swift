/// What a gateway writes behind its process id, so that whoever asks for a reload learns what came of it.
///
///     4711
///     reload begun=3 ended=3 refused
///     listeners[0].address: is another one, which takes a restart
///     end 3 3
///
/// A reload is known by its number. Whoever reads `begun` and then asks, waits until one beyond that has ended: whatever
/// the one was that was under way, that one has begun behind the question.
struct ReloadRecord: Equatable {
    /// The longest record that is read or written, in bytes.
    static let maxBytes = 16 * 1024

    /// The process that serves.
    var process: Int32
    /// The number of the latest reload that has begun; 0: none.
    var begun = 0
    /// The number of the latest that has ended.
    var ended = 0
    /// What that one came to.
    var outcome = ReloadOutcome.inForce([])

    /// As it stands in the file.
    var text: String {
        let (word, lines) =
            switch outcome {
            case .inForce(let lines): ("done", lines)
            case .refused(let lines): ("refused", lines)
            }
        var text = "\(process)\nreload begun=\(begun) ended=\(ended) \(word)\n"
        var left = ReloadRecord.maxBytes - 256
        for line in lines {
            left -= line.utf8.count + 1
            guard left > 0 else { break }
            // One line each, whatever stands in it.
            text += line.escaped + "\n"
        }
        return text + "end \(begun) \(ended)\n"
    }

    init(process: Int32) {
        self.process = process
    }

    /// Reads a record; of a file that holds a process id alone, the record of a gateway that was never reloaded.
    ///
    /// Nil when it is none, or is being written.
    init?(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard let first = lines.popFirst(), let process = Int32(first), process > 0 else { return nil }
        self.init(process: process)
        guard let head = lines.popFirst(), !head.isEmpty else { return }
        let words = head.split(separator: " ")
        guard words.count == 4, words[0] == "reload", let begun = ReloadRecord.number(words[1], "begun="),
            let ended = ReloadRecord.number(words[2], "ended="),
            let end = lines.firstIndex(of: "end \(begun) \(ended)")
        else { return nil }
        self.begun = begun
        self.ended = ended
        let reasons = lines[..<end].map(String.init)
        switch words[3] {
        case "done": outcome = .inForce(reasons)
        case "refused": outcome = .refused(reasons)
        default: return nil
        }
    }

    private static func number(_ word: Substring, _ name: String) -> Int? {
        word.hasPrefix(name) ? Int(word.dropFirst(name.count)) : nil
    }
}

/// What a reload came to.
enum ReloadOutcome: Equatable, Sendable {
    /// All of it is in force; with what there is to say about it.
    case inForce([String])
    /// Nothing has changed, for these reasons.
    case refused([String])
}
