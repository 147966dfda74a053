import NIOCore
import OpenSSL

/// Credentials that were found right, under a keyed hash, for a while: a slow password hash costs once.
///
/// Only right credentials get in, so that strangers cannot push them out.
struct CredentialCache {
    private struct Entry {
        var user: String
        var end: NIODeadline
    }

    private let capacity: Int
    private let lifetime: TimeAmount
    private var entries: [Digest: Entry] = [:]

    init(capacity: Int, lifetime: TimeAmount) {
        self.capacity = capacity
        self.lifetime = lifetime
    }

    /// The user whose credential has this digest.
    func user(_ digest: Digest, now: NIODeadline) -> String? {
        guard let entry = entries[digest], entry.end > now else { return nil }
        return entry.user
    }

    /// Remembers a credential.
    mutating func insert(_ digest: Digest, user: String, now: NIODeadline) {
        if entries.count >= capacity {
            entries = entries.filter { $0.value.end > now }
            if entries.count >= capacity, let first = entries.keys.first { entries[first] = nil }
        }
        entries[digest] = Entry(user: user, end: now + lifetime)
    }
}
