/// A user who may post, with every password that is good for it at the moment.
package struct UserAccount: Sendable, Equatable {
    /// The user-id of RFC 7617: see `isUsable(name:)`.
    package let name: String
    /// One or more, so that a password can be rotated without a gap.
    package let passwords: [StoredPassword]

    package init(name: String, passwords: [StoredPassword]) {
        self.name = name
        self.passwords = passwords
    }

    /// Whether a client can send this name: not empty, no colon, no control character (RFC 7617, section 2).
    package static func isUsable(name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
    }
}

/// How a password is kept.
package enum StoredPassword: Sendable, Equatable {
    /// A hash that `PasswordHash` accepts.
    case hash(String)
    /// The password itself, from a secret reference.
    case plain(Secret)
}
