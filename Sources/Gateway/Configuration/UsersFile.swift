import Auth

/// Reads a file in the format of htpasswd(1): one `name:hash` a line, `#` begins a comment.
///
/// A name on several lines has several good passwords, which is how one is rotated.
struct UsersFile {
    /// Absolute.
    let path: String
    /// The value that named the file.
    let scalar: ConfigurationScalar

    /// In bytes; ten thousand users fit.
    private static let maxBytes = 1 << 20

    /// The users that could be read; problems carry the line of the users file.
    func read() -> [UserAccount] {
        let file: LocalFile
        do {
            file = try LocalFile.read(path, limit: UsersFile.maxBytes)
        } catch {
            scalar.error("cannot read the users file \(path.quoted): \(error.reason)")
            return []
        }
        if file.isReadableByOthers {
            scalar.log.warning(
                scalar.key,
                at: scalar.position,
                "the users file \(path.quoted) can be read by everybody",
                remedy: "chmod o-rwx \(path)"
            )
        }
        guard let text = file.text else {
            scalar.error("the users file \(path.quoted) is not UTF-8 text")
            return []
        }
        var order: [String] = []
        var passwords: [String: [StoredPassword]] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.allSatisfy({ $0 == " " || $0 == "\t" }) || line.hasPrefix("#") { continue }
            guard let (name, hash) = entry(line, number: index + 1) else { continue }
            if passwords[name] == nil { order.append(name) }
            passwords[name, default: []].append(.hash(hash))
        }
        if order.isEmpty, !scalar.log.issues.contains(where: { $0.file == path }) {
            scalar.error("the users file \(path.quoted) holds no user", remedy: "`htpasswd -B` or `hookgate password`")
        }
        return order.map { UserAccount(name: $0, passwords: passwords[$0] ?? []) }
    }

    private func entry(_ line: Substring, number: Int) -> (name: String, hash: String)? {
        guard let colon = line.firstIndex(of: ":") else {
            note(number, 1, "the line has no colon", "write `name:hash`")
            return nil
        }
        let name = String(line[..<colon])
        let hash = String(line[line.index(after: colon)...])
        if let problem = UserSection.problem(inName: name) {
            note(number, 1, problem, nil)
            return nil
        }
        if let problem = PasswordHashText.problem(hash) {
            note(number, name.unicodeScalars.count + 2, "the hash \(problem)", PasswordHashText.remedy)
            return nil
        }
        return (name, hash)
    }

    private func note(_ line: Int, _ column: Int, _ message: String, _ remedy: String?) {
        scalar.log.note(
            ConfigurationIssue(
                severity: .error,
                file: path,
                line: line,
                column: column,
                key: scalar.key,
                message: message,
                remedy: remedy
            )
        )
    }
}
