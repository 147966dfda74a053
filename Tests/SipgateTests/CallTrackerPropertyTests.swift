import HookgateTesting
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Call tracker, whatever happens on the way")
struct CallTrackerPropertyTests {
    /// Many flows side by side, their pushes lost, doubled and out of order.
    private func traffic(_ random: inout SeededRandom, flows: Int) -> [(Int64, CallObservation)] {
        var pushes: [(Int64, CallObservation)] = []
        for number in 0..<flows {
            guard var flow = CallFlow.all.randomElement(using: &random) else { continue }
            flow.suffix = "-\(number)"
            let start = Int64.random(in: 0...600_000, using: &random)
            for push in flow.pushes {
                for _ in 0..<Int.random(in: 0...11, using: &random).copies {
                    let jitter = Int64.random(in: 0...4000, using: &random)
                    pushes.append((start + push.at + jitter, flow.observation(of: push)))
                }
            }
        }
        return pushes.shuffled(using: &random).sorted { $0.0 < $1.0 }
    }

    @Test("state never leaks, and no call and no leg is completed twice", arguments: 0..<24 as Range<UInt64>)
    func noLeakAndOneCompletion(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let tracker = CallTracker()
        var result = FlowResult()
        let pushes = traffic(&random, flows: 120)
        for (at, push) in pushes {
            let tracked = tracker.observe(push, at: CallTracker.start.adding(at))
            #expect(tracker.legs[push.leg] != nil)
            result.append(tracked.derived)
            // Asked at any moment, it must come to the same.
            if Bool.random(using: &random) { result.append(tracker.advance(to: CallTracker.start.adding(at))) }
            // All of it is looked at, which costs more than the push.
            if Int.random(in: 0..<10, using: &random) == 0 { checkReferences(tracker) }
        }
        result.append(tracker.advance(to: CallTracker.never))
        #expect(tracker.isEmpty)
        #expect(tracker.nextDeadline == nil)

        let stories = try result.stories
        let names = stories.compactMap { $0["call"].text }
        #expect(Set(names).count == names.count)
        let legs = stories.flatMap { $0["legs"].elements ?? [] }.compactMap { $0["leg"].text }
        #expect(Set(legs).count == legs.count)
        // Every leg is told of, but those of which only the end came when its call was over.
        let untold = Set(pushes.map(\.1.leg)).subtracting(legs)
        for leg in untold { #expect(Set(pushes.filter { $0.1.leg == leg }.map(\.1.event)) == [.hangup]) }
        for (kind, events) in Dictionary(grouping: result.events, by: \.kind) {
            // One per call, or per leg for those that tell of legs.
            let keys = events.map { kind == .transferred || kind == .forwarded ? $0.leg : $0.call }
            #expect(Set(keys).count == keys.count, "\(kind)")
        }
    }

    /// Whether everything that the tracker holds belongs to something.
    private func checkReferences(_ tracker: CallTracker) {
        #expect(tracker.calls.values.flatMap(\.legs).map(\.id).sorted() == tracker.legs.keys.sorted())
        #expect(tracker.calls.allSatisfy { serial, call in call.serial == serial })
        #expect(tracker.calls.values.allSatisfy { call in call.legs.allSatisfy { $0.call === call } })
        #expect(
            tracker.byCorrelation.allSatisfy { key, call in
                isKnown(call) && call.legs.contains { $0.correlation == key }
            }
        )
        #expect(tracker.byExpected.allSatisfy { key, call in isKnown(call) && call.expected.contains(key) })
        #expect(
            tracker.earlierKin.allSatisfy { key, legs in legs.allSatisfy { isKnown($0) && $0.kinKeys.earlier == key } }
        )
        #expect(tracker.laterKin.allSatisfy { key, legs in legs.allSatisfy { isKnown($0) && $0.kinKeys.later == key } })
        // The queue brings every call up, no later than it is due.
        #expect(
            tracker.calls.values.allSatisfy { call in
                guard let deadline = call.deadline, let queued = call.queued else { return false }
                return queued <= deadline
            }
        )

        func isKnown(_ call: TrackedCall) -> Bool { tracker.calls[call.serial] === call }
        func isKnown(_ leg: TrackedLeg) -> Bool { tracker.legs[leg.id] === leg }
    }

    @Test("under a small bound it stays small, whatever comes", arguments: 100..<108 as Range<UInt64>)
    func bounded(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var limits = CallTrackerLimits()
        limits.legs = 12
        let tracker = CallTracker(limits: limits)
        for (at, push) in traffic(&random, flows: 200) {
            _ = tracker.observe(push, at: CallTracker.start.adding(at))
            #expect(tracker.legCount <= 12)
            #expect(tracker.callCount <= 12)
            #expect(tracker.deadlines.count <= 4 * 12 + 65)
            #expect(tracker.finished.count <= 2 * 12 + 65)
        }
        #expect(tracker.fates.crowdedOut > 0)
        _ = tracker.advance(to: CallTracker.never)
        #expect(tracker.isEmpty)
    }

    @Test(
        "after a restart the journal gives everything back, and what a crash lost is derived again",
        arguments: 200..<212 as Range<UInt64>
    )
    func recovery(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pushes = traffic(&random, flows: 60)
        let live = CallTracker()
        var journal: [(type: String, data: ByteBuffer, time: Timestamp)] = []
        var whole: [String] = []
        let cut = Int.random(in: pushes.indices, using: &random)
        for (at, push) in pushes[..<cut] {
            let time = CallTracker.start.adding(at)
            // A timer asks now and then; its events are journaled like all others.
            for event in live.advance(to: time.adding(-Int64.random(in: 0...50, using: &random))) {
                journal.append((event.kind.rawValue, event.draft.data, event.time))
                whole.append(describe(event))
            }
            let tracked = live.observe(push, at: time)
            journal.append((type(of: push), data(of: push, tracked.context), time))
            for event in tracked.derived {
                journal.append((event.kind.rawValue, event.draft.data, event.time))
                whole.append(describe(event))
            }
        }
        // A crash: what was derived last did not reach the disk.
        var lost: [String] = []
        while let last = journal.last, DerivedEvent.Kind(rawValue: last.type) != nil {
            journal.removeLast()
            lost.insert(whole.removeLast(), at: 0)
        }
        var recovery = CallTrackerRecovery(SharedCallTracker())
        for entry in journal { recovery.replay(type: entry.type, data: entry.data, at: entry.time) }
        let present = journal.last?.time ?? CallTracker.start
        let (restored, missing) = recovery.finish(at: present)
        #expect(missing.map(describe) == lost)

        // From here on both say the same.
        for (at, push) in pushes[cut...] {
            let (one, other) = (
                live.observe(push, at: CallTracker.start.adding(at)),
                restored.observe(push, at: CallTracker.start.adding(at))
            )
            #expect(one.derived.map(describe) == other.derived.map(describe))
            #expect(data(of: push, one.context) == data(of: push, other.context))
        }
        #expect(
            live.advance(to: CallTracker.never).map(describe)
                == restored.advance(to: CallTracker.never).derived.map(describe)
        )
    }

    @Test("a journal from before calls were tracked does not bring its old calls back")
    func oldJournal() {
        var recovery = CallTrackerRecovery(SharedCallTracker())
        for number in 0..<50 as Range<Int64> {
            for (type, at) in [("call.started", number * 10_000), ("call.ended", number * 10_000 + 100)] {
                let data = ByteBuffer(string: #"{"leg":"\#(number)","direction":"in","cause":"busy"}"#)
                recovery.replay(type: type, data: data, at: CallTracker.start.adding(at))
            }
        }
        let (tracker, missing) = recovery.finish(at: CallTracker.start.adding(3_600_000))
        #expect(missing.allSatisfy { $0.time >= CallTracker.start.adding(490_100 - 60_000) })
        #expect(missing.filter { $0.kind == .completed }.map(\.call) == ["43", "44", "45", "46", "47", "48", "49"])
        // Nothing is open or remembered.
        #expect(tracker.advance(to: CallTracker.start.adding(3_600_000)).next == nil)
    }

    private func describe(_ event: DerivedEvent) -> String {
        "\(event.time) \(event.kind.rawValue) \(String(buffer: event.draft.data))"
    }

    private func type(of push: CallObservation) -> String {
        switch push.event {
        case .newCall: "call.started"
        case .answer: "call.answered"
        case .hangup: "call.ended"
        case .dtmf: "call.digits"
        }
    }

    /// The data of its event as the gateway would write it.
    private func data(of push: CallObservation, _ context: CallContext) -> ByteBuffer {
        var data = ByteBuffer()
        data.writeJSON { json in
            json.object { json in
                json.field("leg", push.leg)
                json.field("originalLeg", push.originalLeg)
                json.field("correlation", push.correlation)
                json.field("direction", push.direction?.rawValue)
                json.write("from", push.from)
                json.write("to", push.to)
                json.field("diversion", push.diversion)
                if !push.users.isEmpty { json.write("users", push.users) }
                json.field("cause", push.cause)
                context.write(to: &json)
            }
        }
        return data
    }
}

extension Int {
    /// Of twelve pushes one is lost and one doubled.
    fileprivate var copies: Int { self == 0 ? 0 : self == 1 ? 2 : 1 }
}
