/// A file of users in the format of htpasswd(1): `name:hash`, one a line, `#` begins a comment.
package enum Htpasswd {
    /// What is wrong with a line.
    package struct Issue: Error, Equatable, Sendable {
        /// Counted from 1.
        package let line: Int
        /// What is wrong, without the line's text: it may hold a password.
        package let message: String
    }

    /// Reads a file's text. A name that comes again adds a hash: both are good while a password is being rotated.
    ///
    /// - Returns: the users in order of first appearance, and everything that is wrong.
    package static func parse(_ text: String) -> (accounts: [UserAccount], issues: [Issue]) {
        var names: [String] = []
        var hashes: [String: [StoredPassword]] = [:]
        var issues: [Issue] = []
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = raw.last == "\r" ? raw.dropLast() : raw
            guard !line.isEmpty, line.first != "#" else { continue }
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else {
                issues.append(Issue(line: index + 1, message: "expected name:hash"))
                continue
            }
            let name = String(line[..<colon])
            do throws(PasswordHash.Invalid) {
                let hash = try PasswordHash(String(line[line.index(after: colon)...]))
                if hashes[name] == nil { names.append(name) }
                hashes[name, default: []].append(.hash(hash.text))
            } catch {
                issues.append(Issue(line: index + 1, message: "the hash of \(name) is not usable: \(error)"))
            }
        }
        return (names.map { UserAccount(name: $0, passwords: hashes[$0] ?? []) }, issues)
    }
}
