import NIOCore
import Webhooks

/// Makes calls of legs: knows which belong together, what poor pushes leave out, and how each call came out.
///
/// Has no clock and does no I/O: pushes and moments go in, knowledge comes out, the same for the same input. Moments
/// must not jump; one that lies before the last counts as the last. State is bounded in time and number (see
/// `CallTrackerLimits`): at the bound the longest finished calls are forgotten, then the oldest open ones, of which
/// nothing is told then.
///
/// A call is complete when all of its legs ended and nothing followed for a moment. It is completed once: what comes
/// later finds it for a while and changes nothing, and a new leg of the same conversation begins a call that says
/// which one it `continues`.
///
/// Legs and calls are objects that a push finds once: as values they would be copied with all their texts at each step.
final class CallTracker {
    let limits: CallTrackerLimits
    let derives: Set<DerivedEvent.Kind>

    var legs: [String: TrackedLeg] = [:]
    var calls: [Int: TrackedCall] = [:]
    /// Calls by `xcid`, and by legs that were named and not seen.
    var byCorrelation: [String: TrackedCall] = [:]
    var byExpected: [String: TrackedCall] = [:]
    /// Incoming legs by their caller and the number that they went to, and by the number that they were diverted from.
    var earlierKin: [KinKey: [TrackedLeg]] = [:]
    var laterKin: [KinKey: [TrackedLeg]] = [:]

    var deadlines = DeadlineQueue()
    /// Finished calls in the order they were finished, those that are forgotten among them.
    var finished = CircularBuffer<Int>()
    /// No open call has a lower number.
    var oldestOpen = 0
    var nextSerial = 0
    private var clock = Timestamp(milliseconds: 0)

    /// How legs ended that began at `fatesSince` or later: of earlier ones a push may have come while nobody listened.
    var fates = LegFates()
    var fatesSince = Timestamp(milliseconds: 0)

    /// A tracker that knows nothing.
    ///
    /// - Parameters:
    ///   - limits: Bounds and patience.
    ///   - derives: Which events it derives.
    init(
        limits: CallTrackerLimits = CallTrackerLimits(),
        derives: Set<DerivedEvent.Kind> = Set(DerivedEvent.Kind.allCases)
    ) {
        self.limits = limits
        self.derives = derives
    }

    /// How many legs are known.
    var legCount: Int { legs.count }
    /// How many calls are open or remembered.
    var callCount: Int { calls.count }

    /// When `advance(to:)` has something to do; nil while it has not.
    var nextDeadline: Timestamp? { deadlines.first?.time }

    deinit {
        // Legs and calls hold each other.
        for call in calls.values { call.legs = [] }
    }

    /// Takes in a push.
    ///
    /// - Parameters:
    ///   - push: The push.
    ///   - time: When it arrived.
    /// - Returns: What the push does not say, and what follows from it.
    func observe(_ push: CallObservation, at time: Timestamp) -> TrackedPush {
        var derived = advance(to: time)
        let now = clock
        let known = legs[push.leg]
        let leg = known ?? begin(push.leg, at: now)
        let isLate = leg.call.completed != nil || leg.ended != nil && push.event != .hangup
        let isDuplicate = push.event.once.map(leg.seen.contains) ?? false
        if push.event == .hangup, !leg.seen.contains(.hangup), leg.firstSeen >= fatesSince { fates.ended += 1 }
        let isChanged = leg.absorb(push, at: now)
        join(leg, isNew: known == nil, by: push)
        if isChanged { joinKin(of: leg) }
        update(leg.call, at: now, &derived)
        return TrackedPush(
            context: CallContext(of: push, leg: leg, isLate: isLate, isDuplicate: isDuplicate),
            derived: derived
        )
    }

    /// Notes what we replied: a caller whom we turned away was not missed.
    func note(_ decision: CallDecision, on leg: String) {
        if decision.refuses { legs[leg]?.isRefused = true }
    }

    /// What a decision on a leg has to heed.
    func decisionContext(of leg: String, gatherLimit: Int) -> DecisionContext {
        let leg = legs[leg]
        return DecisionContext(direction: leg?.direction, gathers: leg?.gathers ?? 0, gatherLimit: gatherLimit)
    }

    /// Lets time pass.
    ///
    /// Everything happens at the moment it was due, whenever this is called, so that a tracker fed again from the
    /// journal does what it did before.
    ///
    /// - Parameter time: Now.
    /// - Returns: What became of calls in the meantime, in order.
    func advance(to time: Timestamp) -> [DerivedEvent] {
        var derived: [DerivedEvent] = []
        while let due = deadlines.first, due.time <= max(time, clock) {
            deadlines.removeFirst()
            // Not of a call that was forgotten, or that is to be looked at earlier.
            guard let call = calls[due.serial], call.queued == due.time else { continue }
            call.queued = nil
            if let deadline = call.deadline, deadline > due.time {
                queue(call, deadline)
                continue
            }
            call.deadline = nil
            clock = max(clock, due.time)
            elapse(call, at: due.time, &derived)
        }
        clock = max(clock, time)
        return derived
    }

    /// Begins a call with one leg, making room for it if need be.
    private func begin(_ id: String, at now: Timestamp) -> TrackedLeg {
        while legs.count >= limits.legs, makeRoom() {}
        let call = TrackedCall(serial: nextSerial, id: id)
        let leg = TrackedLeg(id, call: call, at: now)
        call.legs = [leg]
        legs[id] = leg
        calls[nextSerial] = call
        nextSerial += 1
        return leg
    }
}

@available(*, unavailable)
extension CallTracker: Sendable {}

extension PushEvent {
    /// As one of those that come once for each leg; nil for keys, which may come often.
    fileprivate var once: TrackedLeg.Pushes? {
        switch self {
        case .newCall: .newCall
        case .answer: .answer
        case .hangup: .hangup
        case .dtmf: nil
        }
    }
}
