import OpenSSL
package import Webhooks

/// Knows the pushes of late again: a captured push, signed and all, can be sent for ever, by anybody.
///
/// Bounded in time and number. Where the number is reached, the oldest is forgotten early and counted: pushes are let
/// in then, for it is worse to lose a call than to see one twice.
///
/// Presses of keys are a matter of their own: a caller who presses 1 in two menus makes two equal pushes. They are
/// told apart by which gather of the leg they answer, and are all fresh where that is not known.
package struct ReplayWindow: Sendable {
    /// What makes a push the same as another.
    package struct Key: Sendable, Hashable {
        private let event: PushEvent
        private let leg: String
        private let body: Digest
        private let gather: Int?

        /// The key of a push.
        ///
        /// - Parameters:
        ///   - push: The push.
        ///   - body: SHA-256 of its body as received.
        ///   - gather: For presses of keys, which gather of the leg they answer, counted from 0.
        init(_ push: Push, body: Digest, gather: Int? = nil) {
            event = push.event
            leg = push.leg.text
            self.body = body
            self.gather = gather
        }

        /// The key of a push that the journal tells of.
        init(event: PushEvent, leg: String, body: Digest, gather: Int?) {
            self.event = event
            self.leg = leg
            self.body = body
            self.gather = gather
        }

        /// Whether two equal ones are the same push.
        fileprivate var isTelling: Bool { event != .dtmf || gather != nil }
    }

    /// What is to be done with a push.
    package enum Verdict: Sendable, Equatable {
        /// It is new.
        case fresh
        /// It was there before: answer as then, and keep nothing.
        case duplicate(since: Timestamp)
    }

    /// Pushes remembered at most.
    package let capacity: Int
    /// How long each is remembered, from its first appearance.
    package let milliseconds: Int64
    /// How many were forgotten before their time because there were too many.
    package private(set) var crowdedOut = 0

    private var firstSeen: [Key: Timestamp] = [:]
    /// Keys in order of appearance, in a ring; withdrawn ones stay until their turn.
    private var order: [Key?] = []
    private var head = 0

    /// A window with nothing in it.
    ///
    /// - Parameters:
    ///   - capacity: Pushes remembered at most, from 1; each takes some 200 bytes.
    ///   - milliseconds: How long each is remembered.
    package init(capacity: Int, milliseconds: Int64) {
        self.capacity = max(capacity, 1)
        self.milliseconds = milliseconds
    }

    /// How many pushes are remembered.
    package var count: Int { firstSeen.count }

    /// Whether a push is remembered.
    func remembers(_ key: Key) -> Bool { firstSeen[key] != nil }

    /// Says whether a push is new, and remembers it.
    package mutating func admit(_ key: Key, at now: Timestamp) -> Verdict {
        guard key.isTelling else { return .fresh }
        if let since = firstSeen[key], isRemembered(since, at: now) { return .duplicate(since: since) }
        forget(before: now)
        if firstSeen[key] != nil { withdraw(key) }  // expired, but behind one that is not: the clock went back
        if firstSeen.count == capacity {
            dropFirst()
            crowdedOut += 1
        }
        firstSeen[key] = now
        order.append(key)
        compact()
        return .fresh
    }

    /// Forgets a push that could not be kept after all, so that its repetition is not taken for a duplicate.
    package mutating func withdraw(_ key: Key) {
        guard firstSeen.removeValue(forKey: key) != nil else { return }
        // Near the end: it is withdrawn as soon as keeping it failed.
        if let index = order.lastIndex(of: key), index >= head { order[index] = nil }
        if order.count - head > 2 * capacity + 32 {
            order = order[head...].filter { $0 != nil }
            head = 0
        }
    }

    private func isRemembered(_ since: Timestamp, at now: Timestamp) -> Bool {
        now.milliseconds - since.milliseconds < milliseconds
    }

    private mutating func forget(before now: Timestamp) {
        while head < order.count {
            if let key = order[head], let since = firstSeen[key], isRemembered(since, at: now) { return }
            advance()
        }
    }

    /// Forgets the oldest.
    private mutating func dropFirst() {
        while head < order.count, order[head] == nil { head += 1 }
        if head < order.count { advance() }
    }

    private mutating func advance() {
        if let key = order[head] { firstSeen[key] = nil }
        order[head] = nil
        head += 1
    }

    /// Gives back the space in front, once it is half of all.
    private mutating func compact() {
        guard head > 32, head * 2 > order.count else { return }
        order.removeFirst(head)
        head = 0
    }
}
