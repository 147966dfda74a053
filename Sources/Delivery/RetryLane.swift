internal import Journal
internal import NIOCore
internal import Webhooks

/// The entries of one destination that were set aside: when to claim them from the journal, and how many at once.
///
/// They have a lane of their own, so that they and fresh entries do not starve each other. While fresh entries wait,
/// retries get a quarter of the concurrency, and one start in four; otherwise a quarter is kept free for fresh ones.
struct RetryLane {
    /// How often the journal is asked while entries are set aside of which none has a known due time.
    private static let poll: Int64 = 5000
    /// How much longer than an attempt a claim lasts.
    private static let slack: Int64 = 30_000

    /// Attempts at once while fresh entries wait, and while none do.
    private let share: Int
    private let most: Int
    /// A due time further away than this comes from a clock that jumped before a restart.
    private let longestWait: Int64
    private let claimTime: Int64

    private var waiting = CircularBuffer<LeasedAttempt>(initialCapacity: 4)
    /// The positions of those that were claimed and have not ended.
    ///
    /// Should a claim run out in our hands, it is not taken twice.
    private var claimed: Set<JournalPosition> = []
    /// When the journal is asked next; nil when nothing is known to be due.
    private var nextDue: Timestamp?
    /// What counts as due when it is asked, should that be later than the moment of asking.
    private var dueBy: Timestamp?
    /// Whether the journal has not answered yet.
    private(set) var isAsking = false
    /// How many are under way.
    private(set) var underWay = 0
    /// Fresh entries that were started since a retry was, as far as it matters.
    private var freshStarts = 3
    /// An operator changed something, so that what is set aside may be less than we think.
    private(set) var isInDoubt = false
    /// When an entry was last set aside here.
    private var lastSetAside = Timestamp(milliseconds: 0)

    init(concurrency: Int, timeout: TimeAmount, policy: RetryPolicy) {
        share = max(1, concurrency / 4)
        most = max(1, concurrency - share)
        longestWait = policy.longestWait
        claimTime = timeout.nanoseconds / 1_000_000 + RetryLane.slack
    }

    var isEmpty: Bool { waiting.isEmpty }

    // MARK: When to ask

    /// Something is due at this moment.
    mutating func due(_ time: Timestamp?, _ now: Timestamp) {
        guard let time else { return }
        let reasonable = min(time, now.adding(milliseconds: longestWait))
        if reasonable < time { dueBy = max(dueBy ?? time, time) }
        nextDue = nextDue.map { min($0, reasonable) } ?? reasonable
    }

    /// An entry was set aside.
    mutating func setAside(_ now: Timestamp) {
        lastSetAside = now
    }

    /// An operator changed entries that are set aside.
    mutating func changed(_ now: Timestamp) {
        isInDoubt = true
        due(now, now)
    }

    /// Sees to it that the journal is asked now and then although nothing is known to be due.
    mutating func pollIfNothingIsDue(_ now: Timestamp) {
        guard nextDue == nil, !isAsking, claimed.isEmpty else { return }
        nextDue = now.adding(milliseconds: RetryLane.poll)
    }

    /// When to look again; nil when nothing is due, or the journal has been asked.
    var nextLook: Timestamp? { isAsking ? nil : nextDue }

    /// What to claim now, if anything.
    mutating func claim(
        freshWait: Bool,
        isProbe: Bool,
        _ now: Timestamp
    ) -> (dueBy: Timestamp, expiry: Timestamp, limit: Int)? {
        guard !isAsking, let nextDue, nextDue <= now else { return nil }
        let limit = (isProbe ? 1 : freshWait ? share : most) - claimed.count
        guard limit > 0 else { return nil }
        isAsking = true
        self.nextDue = nil
        let latest = max(now, dueBy ?? now)
        dueBy = nil
        return (latest, now.adding(milliseconds: claimTime), limit)
    }

    /// Claims have come.
    ///
    /// - Parameters:
    ///   - batch: what the journal gave.
    ///   - now: the present.
    /// - Returns: those that are new to us.
    mutating func claimed(_ batch: LeaseBatch, _ now: Timestamp) -> [LeasedAttempt] {
        isAsking = false
        due(batch.nextDue, now)
        let new = batch.leases.filter { claimed.insert($0.entry.position).inserted }.map { LeasedAttempt($0) }
        waiting.append(contentsOf: new)
        return new
    }

    /// Whether the journal's answer proves that nothing is set aside any more, in spite of what we count.
    ///
    /// Asked about after an operator's change only, and when no news of our own can still be on the way to the file.
    func provesNoneSetAside(_ batch: LeaseBatch, _ now: Timestamp) -> Bool {
        isInDoubt && batch.leases.isEmpty && batch.nextDue == nil && claimed.isEmpty && nextDue == nil
            && lastSetAside.adding(milliseconds: RetryLane.poll) < now
    }

    /// The count was set right.
    mutating func trust() {
        isInDoubt = false
    }

    /// The journal could not be asked.
    mutating func claimFailed(retryAt: Timestamp) {
        isAsking = false
        nextDue = nextDue.map { max($0, retryAt) } ?? retryAt
    }

    // MARK: Whose turn it is

    /// The next retry, if it is its turn.
    mutating func popFirst(freshWait: Bool, isProbe: Bool) -> LeasedAttempt? {
        let isItsTurn = isProbe || (freshWait ? underWay < share && freshStarts >= 3 : underWay < most)
        return isItsTurn ? waiting.popFirst() : nil
    }

    /// A fresh entry was started.
    mutating func startedFresh() {
        if freshStarts < 3 { freshStarts += 1 }
    }

    /// A retry was started.
    mutating func started() {
        underWay += 1
        freshStarts = 0
    }

    /// A retry that was started has ended.
    mutating func ended(_ item: LeasedAttempt) {
        underWay -= 1
        claimed.remove(item.position)
    }

    /// A retry was settled without an attempt.
    mutating func dropped(_ item: LeasedAttempt) {
        claimed.remove(item.position)
    }
}
