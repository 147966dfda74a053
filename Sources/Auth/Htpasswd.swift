/// The users of a file in the format of Apache's htpasswd: lines of `name:hash`, with comments (`#`) and empty lines.
///
/// A name may stand on several lines: each of its passwords is good.
package struct Htpasswd: Sendable {
    /// A line that could not be taken.
    package struct Flaw: Sendable, Equatable {
        /// Counted from 1.
        package let line: Int
        /// What is wrong, in a sentence that repeats neither name nor hash.
        package let message: String
    }

    /// The users of good lines, in order of their first one.
    package let accounts: [UserAccount]
    /// What is wrong with the others; an operator wants to know all at once.
    package let flaws: [Flaw]

    /// Reads the content of a file.
    package init(parsing text: String) {
        var names: [String] = []
        var hashes: [String: [StoredPassword]] = [:]
        var flaws: [Flaw] = []
        // One character in Swift, CR LF ends a line like LF.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            guard let first = line.first, first != "#", !line.allSatisfy({ $0 == " " || $0 == "\t" }) else { continue }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard parts.count == 2 else {
                flaws.append(Flaw(line: index + 1, message: "a line is `name:hash`; this one has no colon."))
                continue
            }
            guard UserAccount.isUsable(name: name) else {
                flaws.append(Flaw(line: index + 1, message: "the name is empty or has control characters."))
                continue
            }
            do {
                let hash = try PasswordHash(String(parts[1]))
                if hashes[name] == nil { names.append(name) }
                hashes[name, default: []].append(.hash(hash.text))
            } catch {
                flaws.append(Flaw(line: index + 1, message: error.description))
            }
        }
        accounts = names.map { UserAccount(name: $0, passwords: hashes[$0] ?? []) }
        self.flaws = flaws
    }
}
