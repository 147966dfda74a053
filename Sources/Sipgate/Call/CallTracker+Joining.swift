import Webhooks

extension CallTracker {
    /// Finds the call that a leg belongs to, by what its latest push says, best reason first.
    func join(_ leg: TrackedLeg, isNew: Bool, by push: CallObservation) {
        // A late end of a leg that was never seen belongs to its finished call; any other sign of life is a new one.
        let staysLate = isNew && push.event == .hangup
        if let correlation = push.correlation {
            let holder = byCorrelation[correlation]
            if let holder { link(leg, to: holder, by: .correlation, staysLate: staysLate) }
            // Most pushes of a call name what is known already.
            if holder !== leg.call { register(correlation, for: leg, insteadOf: holder) }
        }
        if isNew, !byExpected.isEmpty, let call = byExpected.removeValue(forKey: leg.id) {
            call.expected.removeAll { $0 == leg.id }
            link(leg, to: call, by: .originalLeg, staysLate: staysLate)
        }
        if let original = push.originalLeg {
            if let other = legs[original] {
                link(leg, to: other.call, by: .originalLeg, staysLate: staysLate)
            } else if let call = byExpected[original] {
                link(leg, to: call, by: .originalLeg, staysLate: staysLate)
            } else {
                expect(original, for: leg)
            }
        }
    }

    /// Lets later legs with that `xcid` find the call of this one; an open call takes over from a finished one.
    ///
    /// Only of the one that the leg keeps: what is found must be forgotten with the leg.
    private func register(_ correlation: String, for leg: TrackedLeg, insteadOf holder: TrackedCall?) {
        guard leg.correlation == correlation, holder == nil || holder?.completed != nil && leg.call.completed == nil
        else { return }
        byCorrelation[correlation] = leg.call
    }

    /// Lets a leg that was named find the call of the one that named it.
    private func expect(_ original: String, for leg: TrackedLeg) {
        guard leg.call.expected.count < limits.legsPerCall else { return }
        byExpected[original] = leg.call
        leg.call.expected.append(original)
    }

    /// Brings a leg and its call together with another call.
    private func link(_ leg: TrackedLeg, to theirs: TrackedCall, by reason: CallConfidence, staysLate: Bool) {
        let mine = leg.call
        guard mine !== theirs else { return }
        switch (mine.completed, theirs.completed) {
        case (nil, nil):
            merge(mine, theirs, by: reason, through: leg)
        case (nil, .some) where staysLate && mine.legs.count == 1:
            move(leg, to: theirs, by: reason)
        case (nil, .some):
            mine.continues = mine.continues ?? theirs.id
        case (.some, nil):
            theirs.continues = theirs.continues ?? mine.id
        case (.some, .some):
            break
        }
    }

    /// Makes two open calls one, under the name of the older.
    private func merge(_ one: TrackedCall, _ other: TrackedCall, by reason: CallConfidence, through leg: TrackedLeg) {
        let (call, absorbed) = one.serial < other.serial ? (one, other) : (other, one)
        guard call.legs.count + absorbed.legs.count <= limits.legsPerCall else { return }
        // The leg that began the call came to none.
        let joined = call.legs.first === leg ? absorbed.legs.first : leg
        calls[absorbed.serial] = nil
        for leg in absorbed.legs { leg.call = call }
        for case let correlation? in absorbed.legs.map(\.correlation) where byCorrelation[correlation] === absorbed {
            byCorrelation[correlation] = call
        }
        for expected in absorbed.expected { byExpected[expected] = call }
        call.legs += absorbed.legs
        absorbed.legs = []
        call.expected += absorbed.expected
        call.confidence = max(call.confidence, absorbed.confidence, reason)
        call.continues = call.continues ?? absorbed.continues
        call.formerly += (absorbed.isNamed ? [absorbed.id] : []) + absorbed.formerly
        call.isVoicemailTold = call.isVoicemailTold || absorbed.isVoicemailTold
        joined?.join = reason
    }

    /// Hands the only leg of a call over to a finished one.
    private func move(_ leg: TrackedLeg, to call: TrackedCall, by reason: CallConfidence) {
        guard call.legs.count < limits.legsPerCall else { return }
        let own = leg.call
        remove(own)
        own.legs = []
        call.legs.append(leg)
        leg.call = call
        leg.join = reason
    }

    /// Forgets a call, but not its legs.
    func remove(_ call: TrackedCall) {
        calls[call.serial] = nil
        for leg in call.legs {
            guard let correlation = leg.correlation, let index = byCorrelation.index(forKey: correlation),
                byCorrelation.values[index] === call
            else { continue }
            byCorrelation.remove(at: index)
        }
        for expected in call.expected where byExpected[expected] === call { byExpected[expected] = nil }
    }

    // MARK: By numbers alone

    /// Finds the call that a leg belongs to by whom it came from, or what became of it.
    func joinKin(of leg: TrackedLeg) {
        indexKin(leg)
        findKin(of: leg)
    }

    private func indexKin(_ leg: TrackedLeg) {
        let keys = leg.currentKinKeys
        guard keys != leg.kinKeys else { return }
        unindexKin(leg)
        if let key = keys.earlier { CallTracker.add(leg, to: &earlierKin[key, default: []], limits.kin) }
        if let key = keys.later { CallTracker.add(leg, to: &laterKin[key, default: []], limits.kin) }
        leg.kinKeys = keys
    }

    /// Of one caller with many calls to one number the latest are looked at, so that a push costs the same.
    private static func add(_ leg: TrackedLeg, to kin: inout [TrackedLeg], _ limit: Int) {
        // Legs of finished calls make room first: nothing joins them any more.
        if kin.count >= limit { kin.remove(at: kin.firstIndex { $0.call.completed != nil } ?? 0) }
        kin.append(leg)
    }

    /// Takes a leg out of the index.
    func unindexKin(_ leg: TrackedLeg) {
        if let key = leg.kinKeys.earlier { CallTracker.remove(leg, of: key, from: &earlierKin) }
        if let key = leg.kinKeys.later { CallTracker.remove(leg, of: key, from: &laterKin) }
        leg.kinKeys = KinKeys()
    }

    private static func remove(_ leg: TrackedLeg, of key: KinKey, from kin: inout [KinKey: [TrackedLeg]]) {
        guard let index = kin.index(forKey: key) else { return }
        // The oldest goes first, so it is found at once.
        if let place = kin.values[index].firstIndex(where: { $0 === leg }) {
            if kin.values[index].count == 1 { kin.remove(at: index) } else { kin.values[index].remove(at: place) }
        }
    }

    /// Looks for the leg that this one came from, and for those that came from it, as long as it stands alone.
    private func findKin(of leg: TrackedLeg) {
        guard leg.isAlone else { return }
        if let earlier = origin(of: leg) {
            bind(leg, to: earlier)
            return
        }
        guard !laterKin.isEmpty, let key = leg.kinKeys.earlier else { return }
        for later in laterKin[key] ?? [] where later.isAlone && origin(of: later) === leg {
            bind(later, to: leg)
        }
    }

    private func bind(_ later: TrackedLeg, to earlier: TrackedLeg) {
        link(later, to: earlier.call, by: .heuristic, staysLate: false)
        if later.call === earlier.call { earlier.hasKin = true }
    }

    /// The one leg that another can have come from: the latest, but of callers without a number only a single one.
    private func origin(of later: TrackedLeg) -> TrackedLeg? {
        guard let key = later.kinKeys.later else { return nil }
        let isAnonymous = later.from?.kind == .anonymous
        let others = earlierKin[key] ?? []
        // Of callers without a number some may be out of sight, so none can be told to be the only one.
        if isAnonymous, others.count >= limits.kin { return nil }
        let candidates = others.filter { $0.mayHaveBecome(later, within: limits) }
        if isAnonymous, candidates.count > 1 { return nil }
        return candidates.max { ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id) }
    }
}

extension TrackedLeg {
    /// Whether nothing else is known of its call.
    fileprivate var isAlone: Bool { call.legs.count == 1 && call.completed == nil && call.continues == nil }
}
