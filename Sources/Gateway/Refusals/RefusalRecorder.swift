import Edge
import Journal
import NIOCore
import Webhooks

/// Decides which of one loop's refusals are kept, and makes them fit for keeping.
///
/// A flood costs a comparison and an addition for each: so many a second are kept, of one reason half as many, so that a
/// noisy one does not hide the others. What is over that is counted, and the count stands with the latest that was kept.
final class RefusalRecorder: RefusalKeeper {
    /// What all loops have in common.
    struct Policy: Sendable {
        /// How many are kept a second, by one loop.
        var rate: Int
        /// Whether personal data are masked.
        var masks: Bool
        /// Whose names may be kept.
        var users: Set<String>
    }

    /// What is part of the good path, or of every port scan, is kept as seldom as this.
    static let sparsely = TimeAmount.seconds(60)
    /// How long counts are gathered.
    private static let gathering = TimeAmount.seconds(1)

    private var policy: Policy
    private let store: RefusalStore
    private let eventLoop: any EventLoop
    private var routes: RouteTable
    private var secondEnds = NIODeadline.uptimeNanoseconds(0)
    private var left = 0
    /// How many of a reason were kept in this second, by its place.
    private var kept: [Int]
    /// How many of a reason were not, by its place.
    private var missed: [Int]
    private var missedEnds: [String: (kind: RefusalRecord.Kind, count: Int)] = [:]
    private var keptEnds = 0
    private var nextChallenge = NIODeadline.uptimeNanoseconds(0)
    private var nextLeaver = NIODeadline.uptimeNanoseconds(0)
    private var handsOver = false

    /// - Parameters:
    ///   - policy: what is kept.
    ///   - store: where.
    ///   - routes: for telling which route it was.
    ///   - eventLoop: where all of this happens.
    init(
        _ policy: Policy,
        store: RefusalStore,
        routes: RouteTable,
        on eventLoop: any EventLoop
    ) {
        self.policy = policy
        self.store = store
        self.routes = routes
        self.eventLoop = eventLoop
        kept = Array(repeating: 0, count: ReasonCode.allCases.count)
        missed = kept
    }

    /// Keeps by other rules from now on, for other routes.
    func replace(_ policy: Policy, routes: RouteTable) {
        self.policy = policy
        self.routes = routes
    }

    private var rateOfOne: Int { max(1, policy.rate / 2) }

    func wants(_ reason: ReasonCode, at now: NIODeadline) -> Bool {
        let place = reason.place
        if reason == .credentialsMissing {
            guard now >= nextChallenge else {
                missed[place] += 1
                return false
            }
            nextChallenge = now + RefusalRecorder.sparsely
        } else {
            secondPassed(now)
            guard left > 0, kept[place] < rateOfOne else {
                missed[place] += 1
                handOverLater()
                return false
            }
            left -= 1
            kept[place] += 1
        }
        // They came before this one.
        if missed[place] > 0 { handOver(reason) }
        return true
    }

    func keep(_ request: RefusedRequest) {
        let route = request.head.flatMap { routes.match($0.target) }?.route.path
        store.put(RefusalRecord(request, policy: policy, route: route))
    }

    func wants(_ reason: EndedConnection.Reason, at now: NIODeadline) -> Bool {
        guard hasRoom(for: reason, at: now) else {
            missedEnds[reason.word, default: (reason.kind, 0)].count += 1
            handOverLater()
            return false
        }
        // They came before this one.
        if let missed = missedEnds.removeValue(forKey: reason.word) {
            store.add(missed.count, missed.kind, reason: reason.word)
        }
        return true
    }

    func keep(_ connection: EndedConnection) {
        store.put(RefusalRecord(connection))
    }

    private func hasRoom(for reason: EndedConnection.Reason, at now: NIODeadline) -> Bool {
        if case .handshake(.left) = reason {
            guard now >= nextLeaver else { return false }
            nextLeaver = now + RefusalRecorder.sparsely
            return true
        }
        secondPassed(now)
        guard left > 0, keptEnds < rateOfOne else { return false }
        left -= 1
        keptEnds += 1
        return true
    }

    private func secondPassed(_ now: NIODeadline) {
        guard now >= secondEnds else { return }
        secondEnds = now + .seconds(1)
        left = policy.rate
        keptEnds = 0
        for index in kept.indices { kept[index] = 0 }
    }

    // MARK: What was not kept

    private func handOverLater() {
        guard !handsOver else { return }
        handsOver = true
        eventLoop.assumeIsolated().scheduleTask(in: RefusalRecorder.gathering) {
            self.handsOver = false
            self.handOver()
        }
    }

    /// Hands over all counts; also to be called at the end.
    func handOver() {
        for reason in ReasonCode.allCases where missed[reason.place] > 0 { handOver(reason) }
        for (reason, missed) in missedEnds { store.add(missed.count, missed.kind, reason: reason) }
        missedEnds.removeAll()
    }

    private func handOver(_ reason: ReasonCode) {
        store.add(missed[reason.place], .request, reason: reason.rawValue)
        missed[reason.place] = 0
    }
}

@available(*, unavailable)
extension RefusalRecorder: Sendable {}
