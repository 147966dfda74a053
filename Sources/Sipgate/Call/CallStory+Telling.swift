import NIOCore
import Webhooks

/// The events that tell of a call; `docs/schemas` describes each.
extension CallStory {
    func transferred(from previous: TrackedLeg, to leg: TrackedLeg, at now: Timestamp) -> DerivedEvent {
        DerivedEvent(.transferred, of: self, on: leg, at: now) { json in
            write(leg, &json)
            json.field("previousLeg", previous.id)
            json.write("previousUsers", previous.answerers)
            json.write("users", leg.answerers)
        }
    }

    func forwarded(from previous: TrackedLeg, to leg: TrackedLeg, at now: Timestamp) -> DerivedEvent {
        DerivedEvent(.forwarded, of: self, on: leg, at: now) { json in
            write(leg, &json)
            json.field("previousLeg", previous.id)
            json.write("previousUsers", previous.users)
            json.write("users", leg.users)
            json.field("elsewhere", false)
        }
    }

    /// A leg that was forwarded and appears nowhere again.
    func forwardedElsewhere(_ leg: TrackedLeg, at now: Timestamp) -> DerivedEvent {
        DerivedEvent(.forwarded, of: self, on: leg, at: now) { json in
            write(leg, &json)
            json.field("previousLeg", leg.id)
            json.write("previousUsers", leg.users)
            json.field("elsewhere", true)
        }
    }

    func voicemail(_ leg: TrackedLeg, at now: Timestamp) -> DerivedEvent {
        let previous = predecessor(of: leg)
        return DerivedEvent(.voicemail, of: self, on: leg, at: now) { json in
            write(leg, &json)
            if let previous {
                json.field("previousLeg", previous.id)
                json.write("previousUsers", previous.users)
            }
        }
    }

    func missed(at now: Timestamp) -> DerivedEvent {
        DerivedEvent(.missed, of: self, on: last, at: now) { json in
            write(first, &json)
            json.write("users", called)
            writeCause(&json)
            json.field("started", started?.description)
            json.field("ended", ended?.description)
            if !isAssumed { json.field("ringMilliseconds", TrackedLeg.span(from: started, to: ended)) }
            writeDoubts(&json)
        }
    }

    func completed(at now: Timestamp) -> DerivedEvent {
        DerivedEvent(.completed, of: self, on: last, at: now) { json in
            if !call.formerly.isEmpty {
                json.name("formerly")
                json.array { json in for name in call.formerly { json.string(name) } }
            }
            write(first, &json)
            json.field("outcome", outcome.rawValue)
            writeCause(&json)
            json.field("started", started?.description)
            json.field("answered", answered?.description)
            json.field("ended", ended?.description)
            json.field(
                "ringMilliseconds",
                isAssumed && answered == nil
                    ? nil : TrackedLeg.span(from: started, to: answered ?? (connected.isEmpty ? ended : nil))
            )
            if !isAssumed { json.field("talkMilliseconds", TrackedLeg.span(from: answered, to: ended)) }
            json.write("users", called)
            json.write("answeredBy", answerers)
            writeDoubts(&json)
            json.name("legs")
            json.array { json in for leg in legs { json.object { json in write(all: leg, &json) } } }
        }
    }

    private func writeCause(_ json: inout JSONWriter) {
        guard let cause = last.cause else { return }
        json.field("cause", cause)
        json.field("causeKnown", HangupCause(text: cause).isKnown)
    }

    private func writeDoubts(_ json: inout JSONWriter) {
        if isPartial { json.field("partial", true) }
        if isAssumed { json.field("assumed", true) }
    }

    /// Where a leg comes from and goes to.
    private func write(_ leg: TrackedLeg, _ json: inout JSONWriter) {
        json.field("correlation", leg.correlation)
        json.field("direction", direction?.rawValue)
        json.write("from", leg.from)
        json.write("to", leg.to)
        json.field("diversion", leg.diversion)
    }

    /// All that is known of a leg.
    private func write(all leg: TrackedLeg, _ json: inout JSONWriter) {
        json.field("leg", leg.id)
        json.field("joinedBy", leg.join?.rawValue)
        json.field("correlation", leg.correlation)
        json.field("originalLeg", leg.originalLeg)
        json.field("direction", leg.direction?.rawValue)
        json.write("from", leg.from)
        json.write("to", leg.to)
        json.field("diversion", leg.diversion)
        json.write("users", leg.users)
        json.write("answeredBy", leg.answerers)
        json.field("voicemail", leg.isVoicemail)
        json.field("started", leg.firstSeen.description)
        json.field("answered", leg.answered?.description)
        json.field("ended", leg.ended?.description)
        json.field("ringMilliseconds", leg.ringMilliseconds)
        json.field("talkMilliseconds", leg.talkMilliseconds)
        if let cause = leg.cause {
            json.field("cause", cause)
            json.field("causeKnown", HangupCause(text: cause).isKnown)
        }
        if leg.gathers > 0 { json.field("gathers", leg.gathers) }
        if !leg.seen.contains(.newCall) { json.field("partial", true) }
        if leg.isAssumed { json.field("assumed", true) }
    }
}
