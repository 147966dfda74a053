internal import NIOCore
internal import OpenSSL

/// Credentials that were verified lately, under a keyed hash: neither passwords nor anything to guess them from.
///
/// An entry lives as long as it is used, and `lifetime` longer. It could be kept for ever, since the hashes it was
/// verified against do not change in a store's life; and if it ended while in use, the sender would need a check
/// again, which a flood of wrong passwords from the same address could deny it. Only right credentials get in, so there are
/// about as many entries as passwords; the capacity is for bcrypt, which calls right whatever follows 72 right bytes.
struct CredentialCache {
    private struct Entry {
        let user: String
        var lastUsed: NIODeadline
    }

    private let capacity: Int
    private let lifetime: TimeAmount
    private var entries: [Digest: Entry] = [:]

    init(capacity: Int, lifetime: TimeAmount) {
        self.capacity = max(1, capacity)
        self.lifetime = lifetime
    }

    /// How many entries there are, used or forgotten.
    var count: Int { entries.count }

    /// The user whose credentials have this keyed hash.
    mutating func user(for key: Digest, now: NIODeadline) -> String? {
        guard let index = entries.index(forKey: key) else { return nil }
        guard now < entries.values[index].lastUsed + lifetime else {
            entries.remove(at: index)
            return nil
        }
        entries.values[index].lastUsed = now
        return entries.values[index].user
    }

    /// Remembers verified credentials; past the capacity the longest unused are forgotten.
    mutating func insert(_ user: String, for key: Digest, now: NIODeadline) {
        if entries.count >= capacity, entries[key] == nil,
            let oldest = entries.min(by: { $0.value.lastUsed < $1.value.lastUsed })
        {
            entries[oldest.key] = nil
        }
        entries[key] = Entry(user: user, lastUsed: now)
    }
}
