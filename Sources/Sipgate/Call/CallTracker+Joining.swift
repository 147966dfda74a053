import Webhooks

extension CallTracker {
    /// Finds the call that a leg belongs to, by what its latest push says, best reason first.
    mutating func join(_ id: String, isNew: Bool, by push: CallObservation) {
        // A late end of a leg that was never seen belongs to its finished call; any other sign of life is a new one.
        let staysLate = isNew && push.event == .hangup
        if let correlation = push.correlation {
            if let serial = byCorrelation[correlation] {
                link(id, to: serial, by: .correlation, staysLate: staysLate)
            }
            register(correlation, for: id)
        }
        if isNew, let serial = byExpected.removeValue(forKey: id) {
            calls[serial]?.expected.removeAll { $0 == id }
            link(id, to: serial, by: .originalLeg, staysLate: staysLate)
        }
        if let original = push.originalLeg {
            if let other = legs[original] {
                link(id, to: other.call, by: .originalLeg, staysLate: staysLate)
            } else if let serial = byExpected[original] {
                link(id, to: serial, by: .originalLeg, staysLate: staysLate)
            } else {
                expect(original, for: id)
            }
        }
    }

    /// Lets later legs with that `xcid` find the call of this one; an open call takes over from a finished one.
    private mutating func register(_ correlation: String, for leg: String) {
        guard let serial = legs[leg]?.call else { return }
        if let holder = byCorrelation[correlation], holder != serial {
            guard calls[holder]?.completed != nil, calls[serial]?.completed == nil else { return }
            calls[holder]?.correlations.removeAll { $0 == correlation }
        }
        // Most pushes of a call name what is known already.
        guard byCorrelation[correlation] == serial || (calls[serial]?.correlations.count ?? 0) < limits.legsPerCall,
            byCorrelation.updateValue(serial, forKey: correlation) != serial
        else { return }
        calls[serial]?.correlations.append(correlation)
    }

    /// Lets a leg that was named find the call of the one that named it.
    private mutating func expect(_ original: String, for leg: String) {
        guard let serial = legs[leg]?.call, (calls[serial]?.expected.count ?? 0) < limits.legsPerCall else { return }
        byExpected[original] = serial
        calls[serial]?.expected.append(original)
    }

    /// Brings a leg and its call together with another call.
    private mutating func link(_ leg: String, to serial: Int, by reason: CallConfidence, staysLate: Bool) {
        guard let own = legs[leg]?.call, own != serial, let mine = calls[own], let theirs = calls[serial] else {
            return
        }
        switch (mine.completed, theirs.completed) {
        case (nil, nil):
            merge(own, serial, by: reason, through: leg)
        case (nil, .some) where staysLate && mine.legs.count == 1:
            move(leg, from: own, to: serial, by: reason)
        case (nil, .some):
            calls[own]?.continues = mine.continues ?? theirs.id
        case (.some, nil):
            calls[serial]?.continues = theirs.continues ?? mine.id
        case (.some, .some):
            break
        }
    }

    /// Makes two open calls one, under the name of the older.
    private mutating func merge(_ one: Int, _ other: Int, by reason: CallConfidence, through leg: String) {
        let (kept, gone) = (min(one, other), max(one, other))
        guard
            var call = calls[kept], let absorbed = calls[gone],
            call.legs.count + absorbed.legs.count <= limits.legsPerCall
        else { return }
        calls[gone] = nil
        call.legs += absorbed.legs
        for leg in absorbed.legs { legs[leg]?.call = kept }
        for correlation in absorbed.correlations { byCorrelation[correlation] = kept }
        for expected in absorbed.expected { byExpected[expected] = kept }
        call.correlations += absorbed.correlations
        call.expected += absorbed.expected
        call.confidence = max(call.confidence, absorbed.confidence, reason)
        call.continues = call.continues ?? absorbed.continues
        call.formerly += (absorbed.isNamed ? [absorbed.id] : []) + absorbed.formerly
        call.isVoicemailTold = call.isVoicemailTold || absorbed.isVoicemailTold
        calls[kept] = call
        // The leg that began the call came to none.
        legs[call.legs.first == leg ? absorbed.legs.first ?? leg : leg]?.join = reason
    }

    /// Hands a leg over to a finished call.
    private mutating func move(_ leg: String, from own: Int, to serial: Int, by reason: CallConfidence) {
        guard (calls[serial]?.legs.count ?? 0) < limits.legsPerCall else { return }
        remove(own)
        calls[serial]?.legs.append(leg)
        legs[leg]?.call = serial
        legs[leg]?.join = reason
    }

    /// Forgets a call, but not its legs.
    mutating func remove(_ serial: Int) {
        guard let call = calls.removeValue(forKey: serial) else { return }
        for correlation in call.correlations where byCorrelation[correlation] == serial {
            byCorrelation[correlation] = nil
        }
        for expected in call.expected where byExpected[expected] == serial { byExpected[expected] = nil }
    }

    // MARK: By numbers alone

    /// Finds the call that a leg belongs to by whom it came from, or what became of it.
    mutating func joinKin(of id: String) {
        indexKin(id)
        findKin(of: id)
    }

    private mutating func indexKin(_ id: String) {
        guard let leg = legs[id] else { return }
        let keys = leg.currentKinKeys
        guard keys != leg.kinKeys else { return }
        unindexKin(id)
        for key in keys {
            // One caller with many calls to one number: the latest are looked at, so that a push costs the same.
            let isFull = kin[key].map { $0.count >= limits.kin } ?? false
            if isFull { kin[key]?.removeFirst() }
            kin[key, default: []].append(id)
        }
        legs[id]?.kinKeys = keys
    }

    /// Takes a leg out of the index.
    mutating func unindexKin(_ id: String) {
        guard let keys = legs[id]?.kinKeys, !keys.isEmpty else { return }
        for key in keys {
            guard let index = kin.index(forKey: key) else { continue }
            // The oldest goes first, so it is found at once.
            if let place = kin.values[index].firstIndex(of: id) { kin.values[index].remove(at: place) }
            if kin.values[index].isEmpty { kin.remove(at: index) }
        }
        legs[id]?.kinKeys = []
    }

    /// Looks for the leg that this one came from, and for those that came from it, as long as it stands alone.
    private mutating func findKin(of id: String) {
        guard let leg = legs[id], isAlone(leg) else { return }
        if let earlier = origin(of: leg) {
            bind(id, to: earlier)
            return
        }
        for key in leg.kinKeys where key.role == .earlier {
            for candidate in kin[key.counterpart] ?? [] {
                guard let later = legs[candidate], isAlone(later), origin(of: later) == id else { continue }
                bind(candidate, to: id)
            }
        }
    }

    private mutating func bind(_ later: String, to earlier: String) {
        guard let serial = legs[earlier]?.call else { return }
        link(later, to: serial, by: .heuristic, staysLate: false)
        if legs[later]?.call == legs[earlier]?.call { legs[earlier]?.hasKin = true }
    }

    private func isAlone(_ leg: TrackedLeg) -> Bool {
        guard let call = calls[leg.call] else { return false }
        return call.legs.count == 1 && call.completed == nil && call.continues == nil
    }

    /// The one leg that another can have come from: the latest, but of callers without a number only a single one.
    private func origin(of later: TrackedLeg) -> String? {
        var candidates: [TrackedLeg] = []
        for key in later.kinKeys where key.role == .later {
            let others = kin[key.counterpart] ?? []
            // Of callers without a number some may be out of sight, so none can be told to be the only one.
            if later.from?.kind == .anonymous, others.count >= limits.kin { return nil }
            for id in others {
                guard let earlier = legs[id], earlier.mayHaveBecome(later, within: limits) else { continue }
                candidates.append(earlier)
            }
        }
        if later.from?.kind == .anonymous, candidates.count > 1 { return nil }
        return candidates.max { left, right in
            (left.firstSeen, left.id) < (right.firstSeen, right.id)
        }?.id
    }
}
