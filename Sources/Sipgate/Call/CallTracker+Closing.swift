import Webhooks

extension CallTracker {
    /// Tells what a push has brought to light, and sets when its call is looked at again.
    func update(_ call: TrackedCall, at now: Timestamp, _ derived: inout [DerivedEvent]) {
        call.isNamed = true
        if call.completed == nil { announce(call, at: now, &derived) }
        schedule(call)
    }

    /// Does what is due for a call: gives up legs, tells the story, or forgets it.
    func elapse(_ call: TrackedCall, at now: Timestamp, _ derived: inout [DerivedEvent]) {
        guard call.completed == nil else { return forget(call) }
        var isOpen = false
        for leg in call.legs where leg.ended == nil {
            isOpen = true
            guard expiry(of: leg) <= now else { continue }
            leg.ended = now
            leg.isAssumed = true
            if leg.firstSeen >= fatesSince { fates.givenUp += 1 }
        }
        if !isOpen { complete(call, at: now, &derived) }
        schedule(call)
    }

    /// Forgets a call to make room; false when there is none.
    ///
    /// Of an open one nothing is told: a story that is not true is worse than none.
    func makeRoom() -> Bool {
        while let serial = finished.popFirst() {
            guard let call = calls[serial] else { continue }
            forget(call)
            return true
        }
        while oldestOpen < nextSerial {
            if let call = calls[oldestOpen] {
                fates.crowdedOut += 1
                forget(call)
                return true
            }
            oldestOpen += 1
        }
        return false
    }

    private func expiry(of leg: TrackedLeg) -> Timestamp {
        leg.lastSeen.adding(leg.answered == nil ? limits.ringing : limits.answered)
    }

    /// Sets when a call is looked at again.
    private func schedule(_ call: TrackedCall) {
        let deadline: Timestamp?
        if let completed = call.completed {
            deadline = completed.adding(call.isAssumed ? limits.assumedMemory : limits.memory)
        } else {
            var over: Timestamp?
            var expired: Timestamp?
            for leg in call.legs {
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
        call.deadline = deadline
        // A later deadline is seen when the queue comes to the earlier one: most calls only go on.
        if call.queued.map({ deadline < $0 }) ?? true { queue(call, deadline) }
    }

    func queue(_ call: TrackedCall, _ deadline: Timestamp) {
        call.queued = deadline
        deadlines.insert(deadline, call.serial)
        if deadlines.count > 4 * calls.count + 64 {
            deadlines.removeAll { [calls] time, serial in calls[serial]?.queued != time }
        }
    }

    /// Tells the story of a call, once.
    private func complete(_ call: TrackedCall, at now: Timestamp, _ derived: inout [DerivedEvent]) {
        announce(call, isOver: true, at: now, &derived)
        guard call.completed == nil, let story = CallStory(call) else { return }
        for leg in story.legs where leg.wasForwarded && !story.hasSuccessor(leg) {
            emit(.forwarded, story.forwardedElsewhere(leg, at: now), &derived)
        }
        if story.outcome == .missed { emit(.missed, story.missed(at: now), &derived) }
        emit(.completed, story.completed(at: now), &derived)
        call.completed = now
        call.isAssumed = story.isAssumed
        finished.append(call.serial)
        if finished.count > 2 * calls.count + 64 { finished.removeAll { calls[$0] == nil } }
    }

    /// Tells transfers, forwards and the mailbox, each once, as soon as the pushes so far prove them.
    ///
    /// A leg may be the mailbox until its start or its answer was seen: while they may come, nothing is told of it.
    private func announce(
        _ call: TrackedCall,
        isOver: Bool = false,
        at now: Timestamp,
        _ derived: inout [DerivedEvent]
    ) {
        // Most calls have one leg, of which there is nothing to tell but the mailbox.
        guard call.legs.count > 1 || call.legs.first?.isVoicemail == true, let story = CallStory(call) else { return }
        for leg in story.legs where !leg.isAnnounced && !leg.isVoicemail {
            guard isOver || !leg.seen.isDisjoint(with: [.newCall, .answer]) else { continue }
            guard let previous = story.predecessor(of: leg) else { continue }
            if previous.wasForwarded {
                leg.isAnnounced = true
                emit(.forwarded, story.forwarded(from: previous, to: leg, at: now), &derived)
            } else if previous.wasAnswered, leg.wasAnswered {
                leg.isAnnounced = true
                emit(.transferred, story.transferred(from: previous, to: leg, at: now), &derived)
            }
        }
        if !call.isVoicemailTold, let mailbox = story.legs.first(where: { $0.isVoicemail && $0.wasAnswered }) {
            call.isVoicemailTold = true
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

    private func forget(_ call: TrackedCall) {
        remove(call)
        for leg in call.legs {
            unindexKin(leg)
            legs[leg.id] = nil
        }
        call.legs = []
    }
}

extension Timestamp {
    /// A moment later; the end of time where there is none.
    func adding(_ milliseconds: Int64) -> Timestamp {
        let (sum, isTooLate) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Timestamp(milliseconds: isTooLate ? .max : sum)
    }
}
