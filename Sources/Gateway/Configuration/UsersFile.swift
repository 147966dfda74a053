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
                remedy: "chmod o-rwx \(path.escaped)"
            )
        }
        guard let text = file.text else {
            scalar.error("the users file \(path.quoted) is not UTF-8 text")
            return []
        }
        let users = Htpasswd(parsing: text)
        for flaw in users.flaws { note(flaw.line, flaw.message) }
        if users.accounts.isEmpty, users.flaws.isEmpty {
            scalar.error("the users file \(path.quoted) holds no user", remedy: "`htpasswd -B` adds one")
        }
        return users.accounts
    }

    private func note(_ line: Int, _ message: String) {
        scalar.log.note(
            ConfigurationIssue(
                severity: .error,
                file: path,
                line: line,
                column: 1,
                key: scalar.key,
                message: message.escaped,
                remedy: nil
            )
        )
    }
}
