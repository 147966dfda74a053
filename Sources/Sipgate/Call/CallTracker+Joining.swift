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
            if holder !== leg.call { register(correlation, for: leg) }
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
    private func register(_ correlation: String, for leg: TrackedLeg) {
        let call = leg.call
        let holder = byCorrelation[correlation]
        guard holder !== call else { return }
        if let holder {
            guard holder.completed != nil, call.completed == nil else { return }
            holder.correlations.removeAll { $0 == correlation }
        }
        guard call.correlations.count < limits.legsPerCall else {
            byCorrelation[correlation] = nil
            return
        }
        byCorrelation[correlation] = call
        call.correlations.append(correlation)
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
        for correlation in absorbed.correlations { byCorrelation[correlation] = call }
        for expected in absorbed.expected { byExpected[expected] = call }
        call.legs += absorbed.legs
        absorbed.legs = []
        call.correlations += absorbed.correlations
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
        leg.call.legs = []
        remove(leg.call)
        call.legs.append(leg)
        leg.call = call
        leg.join = reason
    }

    /// Forgets a call, but not its legs.
    func remove(_ call: TrackedCall) {
        calls[call.serial] = nil
        for correlation in call.correlations where byCorrelation[correlation] === call {
            byCorrelation[correlation] = nil
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
        for case let key? in [keys.earlier, keys.later] {
            // One caller with many calls to one number: the latest are looked at, so that a push costs the same.
            let count = kin[key]?.count ?? 0
            if count >= limits.kin { kin[key]?.removeFirst() }
            kin[key, default: []].append(leg)
        }
        leg.kinKeys = keys
    }

    /// Takes a leg out of the index.
    func unindexKin(_ leg: TrackedLeg) {
        for case let key? in [leg.kinKeys.earlier, leg.kinKeys.later] {
            guard let index = kin.index(forKey: key) else { continue }
            // The oldest goes first, so it is found at once.
            if let place = kin.values[index].firstIndex(where: { $0 === leg }) { kin.values[index].remove(at: place) }
            if kin.values[index].isEmpty { kin.remove(at: index) }
        }
        leg.kinKeys = KinKeys()
    }

    /// Looks for the leg that this one came from, and for those that came from it, as long as it stands alone.
    private func findKin(of leg: TrackedLeg) {
        guard leg.isAlone else { return }
        if let earlier = origin(of: leg) {
            bind(leg, to: earlier)
            return
        }
        guard let key = leg.kinKeys.earlier else { return }
        for later in kin[key.counterpart] ?? [] where later.isAlone && origin(of: later) === leg {
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
        let others = kin[key.counterpart] ?? []
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
