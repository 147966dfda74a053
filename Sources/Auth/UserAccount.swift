/// A user who may post, with every password that is good for it at the moment.
package struct UserAccount: Sendable {
    /// The user-id of RFC 7617: no colon, no control character.
    package let name: String
    /// One or more, so that a password can be rotated without a gap.
    package let passwords: [StoredPassword]

    package init(name: String, passwords: [StoredPassword]) {
        self.name = name
        self.passwords = passwords
    }
}

/// How a password is kept.
package enum StoredPassword: Sendable {
    /// A hash in the format of crypt(5): bcrypt (`$2b$`, `$2y$`), yescrypt (`$y$`), sha512-crypt (`$6$`).
    case hash(String)
    /// The password itself, from a secret reference.
    case plain(Secret)
}
