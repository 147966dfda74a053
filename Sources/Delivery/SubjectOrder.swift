/// What waits for what at one destination: an entry for the earlier ones of its subject.
///
/// At most one entry of a subject is under way; the others that were reached wait behind it in a chain. When it is set
/// aside for a retry, they and all later ones leave the line, as held ones, until as many have come to their end as were
/// set aside. Every text is hashed once on its way in and once on its way out.
struct SubjectOrder {
    /// What an entry that was reached in line has to do.
    enum Admission: Equatable {
        /// It is the first of its subject.
        case start
        /// It has joined the chain.
        case wait
        /// Earlier ones of its subject are set aside, and so is this one.
        case hold
    }

    /// The last entry of each chain, whose first one is under way or about to be.
    private var last: [String: LeasedAttempt] = [:]
    /// How many are set aside, by subject.
    private var deferred: [String: Int] = [:]

    /// How many subjects have entries set aside.
    var deferredCount: Int { deferred.count }

    /// What is set aside already at the start.
    mutating func begin(_ standing: [String: Int]) {
        deferred = standing.filter { $0.value > 0 }
    }

    /// An entry was reached in line.
    mutating func admit(_ item: LeasedAttempt) -> Admission {
        if !deferred.isEmpty, let index = deferred.index(forKey: item.subject) {
            deferred.values[index] += 1
            return .hold
        }
        guard let predecessor = last.updateValue(item, forKey: item.subject) else { return .start }
        predecessor.follower = item
        return .wait
    }

    /// An entry from the line has come to its end.
    ///
    /// - Returns: the one whose turn it is now.
    mutating func ended(_ item: LeasedAttempt) -> LeasedAttempt? {
        guard let follower = item.follower else {
            last.removeValue(forKey: item.subject)
            return nil
        }
        item.follower = nil
        return follower
    }

    /// An entry from the line was set aside.
    ///
    /// - Returns: the first of those that have to be held now; it leads to the others.
    mutating func setAside(_ item: LeasedAttempt) -> LeasedAttempt? {
        let follower = item.follower
        item.follower = nil
        last.removeValue(forKey: item.subject)
        deferred[item.subject, default: 0] += 1
        return follower
    }

    /// One of those in a chain whose head was set aside is held.
    mutating func hold(_ item: LeasedAttempt) {
        deferred[item.subject, default: 0] += 1
    }

    /// An entry that was set aside has been claimed: its subject has at least this one.
    mutating func claimed(_ item: LeasedAttempt) {
        if deferred[item.subject] == nil { deferred[item.subject] = 1 }
    }

    /// An entry that was set aside has come to its end.
    ///
    /// - Returns: whether another one of its subject has its turn now.
    mutating func deferredEnded(_ item: LeasedAttempt) -> Bool {
        guard let count = deferred[item.subject], count > 1 else {
            deferred.removeValue(forKey: item.subject)
            return false
        }
        deferred[item.subject] = count - 1
        return true
    }

    /// Nothing is set aside any more.
    mutating func forgetDeferred() {
        deferred = [:]
    }
}
