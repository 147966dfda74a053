import Webhooks

extension CallTracker {
    /// Tells what a push has brought to light, and sets when its call is looked at again.
    mutating func update(_ leg: String, at now: Timestamp, _ derived: inout [DerivedEvent]) {
        guard let serial = legs[leg]?.call else { return }
        calls[serial]?.isNamed = true
        if calls[serial]?.completed == nil { announce(serial, at: now, &derived) }
        schedule(serial)
    }

    /// Does what is due for a call: gives up legs, tells the story, or forgets it.
    mutating func elapse(_ serial: Int, at now: Timestamp, _ derived: inout [DerivedEvent]) {
        guard let call = calls[serial] else { return }
        if call.completed != nil {
            forget(serial)
            return
        }
        var isOpen = false
        for id in call.legs {
            guard let leg = legs[id], leg.ended == nil else { continue }
            isOpen = true
            if expiry(of: leg) <= now { assumeEnd(of: id, at: now) }
        }
        if !isOpen { complete(serial, at: now, &derived) }
        schedule(serial)
    }

    /// Forgets a call to make room; false when there is none.
    ///
    /// Of an open one nothing is told: a story that is not true is worse than none.
    mutating func makeRoom() -> Bool {
        if let index = finished.firstIndex(where: { calls[$0] != nil }) {
            let serial = finished[index]
            finished.removeFirst(index + 1)
            forget(serial)
            return true
        }
        finished = []
        while oldestOpen < nextSerial, calls[oldestOpen] == nil { oldestOpen += 1 }
        guard let call = calls[oldestOpen] else { return false }
        crowdedOut += 1
        forget(call.serial)
        return true
    }

    private mutating func assumeEnd(of leg: String, at now: Timestamp) {
        legs[leg]?.ended = now
        legs[leg]?.isAssumed = true
    }

    private func expiry(of leg: TrackedLeg) -> Timestamp {
        leg.lastSeen.adding(leg.answered == nil ? limits.ringing : limits.answered)
    }

    /// When a call is looked at again.
    private mutating func schedule(_ serial: Int) {
        guard let call = calls[serial] else { return }
        let deadline: Timestamp?
        if let completed = call.completed {
            deadline = completed.adding(call.isAssumed ? limits.assumedMemory : limits.memory)
        } else {
            var over: Timestamp?
            var expired: Timestamp?
            for id in call.legs {
                guard let leg = legs[id] else { continue }
                if let ended = leg.ended {
                    let settled = ended.adding(leg.wasForwarded ? limits.forwardGrace : limits.settle)
                    over = max(over ?? settled, settled)
                } else {
                    expired = min(expired ?? expiry(of: leg), expiry(of: leg))
                }
            }
            deadline = expired ?? over
        }
        guard let deadline, deadline != call.deadline else { return }
        calls[serial]?.deadline = deadline
        deadlines.insert(deadline, serial)
        if deadlines.count > 4 * calls.count + 64 {
            deadlines.removeAll { [calls] time, serial in calls[serial]?.deadline != time }
        }
    }

    /// Tells the story of a call, once.
    private mutating func complete(_ serial: Int, at now: Timestamp, _ derived: inout [DerivedEvent]) {
        announce(serial, isOver: true, at: now, &derived)
        guard let story = story(of: serial), story.call.completed == nil else { return }
        for leg in story.legs where leg.wasForwarded && !story.hasSuccessor(leg) {
            emit(.forwarded, story.forwardedElsewhere(leg, at: now), &derived)
        }
        if story.outcome == .missed { emit(.missed, story.missed(at: now), &derived) }
        emit(.completed, story.completed(at: now), &derived)
        calls[serial]?.completed = now
        calls[serial]?.isAssumed = story.isAssumed
        finished.append(serial)
        if finished.count > 2 * calls.count + 64 { finished.removeAll { calls[$0] == nil } }
    }

    /// Tells transfers, forwards and the mailbox, each once, as soon as the pushes so far prove them.
    ///
    /// A leg may be the mailbox until its start or its answer was seen: while they may come, nothing is told of it.
    private mutating func announce(
        _ serial: Int,
        isOver: Bool = false,
        at now: Timestamp,
        _ derived: inout [DerivedEvent]
    ) {
        guard let call = calls[serial], let first = call.legs.first else { return }
        // Most calls have one leg, of which there is nothing to tell but the mailbox.
        guard call.legs.count > 1 || legs[first]?.isVoicemail == true, let story = story(of: serial) else { return }
        for leg in story.legs where !leg.isAnnounced && !leg.isVoicemail {
            guard isOver || !leg.seen.isDisjoint(with: [.newCall, .answer]) else { continue }
            guard let previous = story.predecessor(of: leg) else { continue }
            if previous.wasForwarded {
                legs[leg.id]?.isAnnounced = true
                emit(.forwarded, story.forwarded(from: previous, to: leg, at: now), &derived)
            } else if previous.wasAnswered, leg.wasAnswered {
                legs[leg.id]?.isAnnounced = true
                emit(.transferred, story.transferred(from: previous, to: leg, at: now), &derived)
            }
        }
        if !story.call.isVoicemailTold, let mailbox = story.legs.first(where: { $0.isVoicemail && $0.wasAnswered }) {
            calls[serial]?.isVoicemailTold = true
            emit(.voicemail, story.voicemail(mailbox, at: now), &derived)
        }
    }

    private func emit(
        _ kind: DerivedEvent.Kind,
        _ event: @autoclosure () -> DerivedEvent,
        _ derived: inout [DerivedEvent]
    ) {
        if derives.contains(kind) { derived.append(event()) }
    }

    private func story(of serial: Int) -> CallStory? {
        guard let call = calls[serial] else { return nil }
        return CallStory(call: call, legs: call.legs.compactMap { legs[$0] })
    }

    private mutating func forget(_ serial: Int) {
        guard let call = calls[serial] else { return }
        for leg in call.legs {
            unindexKin(leg)
            legs[leg] = nil
        }
        remove(serial)
    }
}

extension Timestamp {
    /// A moment later; the end of time where there is none.
    func adding(_ milliseconds: Int64) -> Timestamp {
        let (sum, isTooLate) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Timestamp(milliseconds: isTooLate ? .max : sum)
    }
}
