import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Call tracker")
struct CallTrackerTests: CallPushes {
    private func data(_ context: CallContext) throws -> JSONValue {
        var data = ByteBuffer()
        data.writeJSON { json in
            json.object { json in
                json.field("leg", "A")
                context.write(to: &json)
            }
        }
        return try JSONValue(parsing: data.readableBytesView)
    }

    // MARK: What pushes leave out

    @Test("a hangup gains the person, the numbers and the times from its leg")
    func enrichedHangup() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A", xcid: "x1"), at: at(0))
        let answer = tracker.observe(
            push(.answer, "A") { $0.users = [CallUser(name: "Ole", id: "w5", fullId: nil)] },
            at: at(4200)
        )
        let hangup = tracker.observe(end("A"), at: at(65_700))
        #expect(
            try data(answer.context)
                == .object([
                    "leg": "A", "call": "A", "confidence": "single", "direction": "in", "correlation": "x1",
                    "from": .object(["kind": "number", "e164": "+498999998071", "raw": "498999998071"]),
                    "to": .object(["kind": "number", "e164": "+493023125401", "raw": "493023125401"]),
                    "ringMilliseconds": .number(4200),
                ])
        )
        #expect(
            try data(hangup.context)
                == .object([
                    "leg": "A", "call": "A", "confidence": "single", "direction": "in", "correlation": "x1",
                    "from": .object(["kind": "number", "e164": "+498999998071", "raw": "498999998071"]),
                    "to": .object(["kind": "number", "e164": "+493023125401", "raw": "493023125401"]),
                    "users": .array([.object(["name": "Ole", "id": "w5"])]), "voicemail": .bool(false),
                    "ringMilliseconds": .number(4200), "talkMilliseconds": .number(61_500),
                ])
        )
    }

    @Test("keys gain the numbers, the direction and the people; a missed call has rung until its end")
    func enrichedDigits() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A"), at: at(0))
        let digits = try data(tracker.observe(push(.dtmf, "A"), at: at(3000)).context)
        #expect(digits["direction"] == "in")
        #expect(digits["from"]["e164"] == "+498999998071")
        #expect(digits["to"]["e164"] == "+493023125401")
        #expect(digits["users"].elements?.first?["name"] == "Doc")
        #expect(digits["ringMilliseconds"] == .null)
        let hangup = try data(tracker.observe(end("A", "cancel"), at: at(9000)).context)
        #expect(hangup["ringMilliseconds"] == .number(9000))
        #expect(hangup["talkMilliseconds"] == .null)
    }

    @Test("what a push says itself is not said again")
    func notRepeated() throws {
        let tracker = CallTracker()
        let context = tracker.observe(start("A", xcid: "x1"), at: at(0)).context
        #expect(try data(context) == .object(["leg": "A", "call": "A", "confidence": "single"]))
        let hangup = push(.hangup, "A") { push in
            push.from = PhoneNumber("")
            push.users = [CallUser(name: "Zoe", id: nil, fullId: nil)]
        }
        let ended = try data(tracker.observe(hangup, at: at(10)).context)
        #expect(ended["from"] == .null)
        #expect(ended["users"] == .null)
    }

    @Test("a leg whose start was lost is marked, until the start comes after all")
    func partial() throws {
        let tracker = CallTracker()
        #expect(try data(tracker.observe(push(.answer, "A"), at: at(0)).context)["partial"] == .bool(true))
        let late = tracker.observe(start("A"), at: at(10)).context
        #expect(!late.isPartial)
        #expect(!late.isLate)
        #expect(tracker.observe(end("A"), at: at(20)).context.isPartial == false)
    }

    // MARK: Late, doubled, unknown

    @Test("a start after its own end does not reopen the leg, and both make one story")
    func lateStart() throws {
        let tracker = CallTracker()
        _ = tracker.observe(end("A", "cancel"), at: at(0))
        let late = tracker.observe(start("A"), at: at(300)).context
        #expect(late.isLate)
        let derived = tracker.advance(to: at(10_000))
        #expect(derived.map(\.kind) == [.missed, .completed])
        #expect(tracker.legCount == 1)
        #expect(tracker.advance(to: at(3_600_000)).isEmpty)
        #expect(tracker.isEmpty)
    }

    @Test("pushes after a call was completed find it, are marked, and change nothing")
    func afterCompletion() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A"), at: at(0))
        _ = tracker.observe(end("A", "busy"), at: at(1000))
        #expect(tracker.advance(to: at(5000)).map(\.kind) == [.missed, .completed])
        for event in [push(.answer, "A"), start("A"), end("A"), push(.dtmf, "A")] {
            let tracked = tracker.observe(event, at: at(6000))
            #expect(tracked.context.call == "A")
            #expect(tracked.context.isLate)
            #expect(tracked.derived.isEmpty)
        }
        #expect(tracker.advance(to: CallTracker.never).isEmpty)
        #expect(tracker.isEmpty)
    }

    @Test("a doubled push is marked; keys may come as often as they like")
    func duplicates() {
        let tracker = CallTracker()
        #expect(!tracker.observe(start("A"), at: at(0)).context.isDuplicate)
        #expect(tracker.observe(start("A"), at: at(1)).context.isDuplicate)
        for _ in 0..<2 { #expect(!tracker.observe(push(.dtmf, "A"), at: at(2)).context.isDuplicate) }
        #expect(!tracker.observe(end("A"), at: at(3)).context.isDuplicate)
        #expect(tracker.observe(end("A"), at: at(4)).context.isDuplicate)
    }

    @Test("a leg that goes on with a finished call begins a new one that says so")
    func continuation() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A", xcid: "x1"), at: at(0))
        _ = tracker.observe(end("A"), at: at(1000))
        _ = tracker.advance(to: at(20_000))
        let context = tracker.observe(start("B", to: CallNumbers.marty, xcid: "x1"), at: at(21_000)).context
        #expect(context.call == "B")
        #expect(context.continues == "A")
        let next = tracker.observe(start("C", to: CallNumbers.marty, xcid: "x1"), at: at(21_100)).context
        #expect(next.call == "B")
        _ = tracker.observe(end("B"), at: at(22_000))
        _ = tracker.observe(end("C"), at: at(22_000))
        let story = try #require(tracker.advance(to: CallTracker.never).last)
        let data = try JSONValue(parsing: story.draft.data.readableBytesView)
        #expect(data["call"] == "B")
        #expect(data["continues"] == "A")
        #expect(tracker.isEmpty)
    }

    @Test("the end of a leg that was given up changes nothing, however late it comes")
    func endAfterReaper() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A"), at: at(0))
        _ = tracker.observe(push(.answer, "A"), at: at(1000))
        let hours: Int64 = 3_600_000
        #expect(tracker.advance(to: at(8 * hours)).isEmpty)
        let given = tracker.advance(to: at(8 * hours + 10_000))
        #expect(given.map(\.kind) == [.completed])
        let late = tracker.observe(end("A"), at: at(12 * hours))
        #expect(late.context.isLate)
        #expect(late.derived.isEmpty)
        #expect(tracker.advance(to: CallTracker.never).isEmpty)
    }

    // MARK: Replies of ours

    @Test("a caller whom we turned away was not missed")
    func refusal() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A"), at: at(0))
        tracker.note(CallDecision(actions: [.reject(.busy)]), on: "A")
        _ = tracker.observe(end("A"), at: at(100))
        let derived = tracker.advance(to: CallTracker.never)
        #expect(derived.map(\.kind) == [.completed])
        #expect(
            try JSONValue(parsing: try #require(derived.first).draft.data.readableBytesView)["outcome"] == "refused"
        )
    }

    @Test("a decision hears how often keys were collected, and which way the call goes")
    func decisionContext() {
        let tracker = CallTracker()
        _ = tracker.observe(push(.newCall, "A") { $0.direction = .outgoing }, at: at(0))
        for round in 0..<3 {
            let context = tracker.decisionContext(of: "A", gatherLimit: 5)
            #expect(context.gathers == round)
            #expect(context.direction == .outgoing)
            #expect(context.gatherLimit == 5)
            _ = tracker.observe(push(.dtmf, "A"), at: at(10))
        }
        #expect(tracker.decisionContext(of: "unknown", gatherLimit: 5).gathers == 0)
    }

    @Test("events that are switched off are not derived")
    func switches() {
        let tracker = CallTracker(derives: [.missed])
        _ = tracker.observe(start("A"), at: at(0))
        _ = tracker.observe(end("A", "busy"), at: at(10))
        #expect(tracker.advance(to: CallTracker.never).map(\.kind) == [.missed])
    }

    // MARK: Bounds

    @Test("an open call is found by numbers behind many short ones of the same caller")
    func kinOfOpenCalls() {
        let tracker = CallTracker()
        _ = tracker.observe(start("open"), at: at(0))
        for number in 0..<100 {
            let begin = Int64(number) * 100
            _ = tracker.observe(start("N\(number)"), at: at(begin))
            _ = tracker.observe(end("N\(number)", "busy"), at: at(begin + 50))
        }
        _ = tracker.observe(end("open", "forwarded"), at: at(20_000))
        let diverted = tracker.observe(start("D", diversion: CallNumbers.doc), at: at(20_099))
        #expect(diverted.context.call == "open" && diverted.context.confidence == .heuristic)
    }

    @Test("of many calls of one caller to one number the latest may be joined by numbers alone")
    func manyKin() {
        let tracker = CallTracker()
        for number in 0..<200 { _ = tracker.observe(start("N\(number)"), at: at(Int64(number))) }
        #expect(tracker.earlierKin.values.allSatisfy { $0.count <= tracker.limits.kin })
        let diverted = tracker.observe(start("D", diversion: "493023125401"), at: at(300))
        #expect(diverted.context.call == "N199" && diverted.context.confidence == .heuristic)

        // Of two callers without a number neither is chosen, and of many neither.
        let anonymous = CallTracker()
        for number in 0..<200 {
            _ = anonymous.observe(start("N\(number)", from: "anonymous"), at: at(Int64(number)))
            if number > 0 { _ = anonymous.observe(end("N\(number)"), at: at(Int64(number))) }
        }
        let stranger = start("D", from: "anonymous", diversion: "493023125401")
        #expect(anonymous.observe(stranger, at: at(100_000)).context.confidence == .single)
    }

    @Test("a leg that names ever new conversations is no way to fill the memory")
    func manyCorrelations() {
        let tracker = CallTracker()
        for number in 0..<1000 { _ = tracker.observe(start("A", xcid: "x\(number)"), at: at(Int64(number))) }
        #expect(tracker.byCorrelation.count <= tracker.limits.legsPerCall)
    }

    @Test("at the bound finished calls are forgotten first, then the oldest open one, of which nothing is told")
    func bound() {
        var limits = CallTrackerLimits()
        limits.legs = 4
        let tracker = CallTracker(limits: limits)
        _ = tracker.observe(start("open", from: "4915228817386"), at: at(0))
        _ = tracker.observe(start("done"), at: at(1))
        _ = tracker.observe(end("done"), at: at(2))
        _ = tracker.advance(to: at(5000))
        var derived: [DerivedEvent] = []
        for number in 0..<3 { derived += tracker.observe(start("N\(number)"), at: at(6000)).derived }
        #expect(derived.isEmpty)
        #expect(tracker.legCount == 4)
        derived = tracker.observe(start("N3"), at: at(7000)).derived
        #expect(derived.isEmpty)
        #expect(tracker.fates.crowdedOut == 1)
        for number in 4..<2000 {
            _ = tracker.observe(start("N\(number)"), at: at(7000))
            #expect(tracker.legCount <= 4)
        }
        #expect(tracker.deadlines.count <= 4 * 4 + 64 + 1)
        #expect(tracker.earlierKin.count <= 4)
        _ = tracker.advance(to: CallTracker.never)
        #expect(tracker.isEmpty)
    }

    @Test("a call has so many legs and no more")
    func legsPerCall() {
        let tracker = CallTracker()
        for number in 0..<100 { _ = tracker.observe(start("\(number)", from: "", xcid: "x"), at: at(0)) }
        #expect(tracker.calls.values.allSatisfy { $0.legs.count <= tracker.limits.legsPerCall })
        #expect(tracker.legCount == 100)
        _ = tracker.advance(to: CallTracker.never)
        #expect(tracker.isEmpty)
    }

    @Test("a clock that goes back does not count time twice")
    func clockBack() {
        let tracker = CallTracker()
        _ = tracker.observe(start("A"), at: at(10_000))
        let hangup = tracker.observe(end("A", "cancel"), at: at(0))
        #expect(tracker.advance(to: at(5000)).isEmpty)
        #expect(tracker.advance(to: at(20_000)).map(\.kind) == [.missed, .completed])
        #expect(hangup.context.call == "A")
    }

    @Test("it says when it wants to be asked again")
    func nextDeadline() {
        let tracker = CallTracker()
        #expect(tracker.nextDeadline == nil)
        _ = tracker.observe(start("A"), at: at(0))
        #expect(tracker.nextDeadline == at(300_000))
        _ = tracker.observe(end("A", "forwarded"), at: at(1000))
        #expect(tracker.advance(to: at(3999)).isEmpty)
        #expect(tracker.advance(to: at(4000)).map(\.kind) == [.forwarded, .completed])
    }

    @Test("legs that end, and those that are given up, are counted, but not those from before")
    func fates() {
        let tracker = SharedCallTracker()
        _ = tracker.observe(start("early"), at: at(0))
        _ = tracker.observe(start("earlier"), at: at(0))
        tracker.countFates(since: at(1000))
        for leg in ["A", "B", "C", "D"] { _ = tracker.observe(start(leg, from: leg), at: at(2000)) }
        for leg in ["early", "A", "A", "B"] { _ = tracker.observe(end(leg), at: at(3000)) }
        _ = tracker.observe(push(.answer, "D"), at: at(4000))
        #expect(tracker.fates == LegFates(ended: 2, givenUp: 0))
        _ = tracker.advance(to: at(302_000))
        #expect(tracker.fates == LegFates(ended: 2, givenUp: 1))
        _ = tracker.advance(to: CallTracker.never)
        #expect(tracker.fates == LegFates(ended: 2, givenUp: 2))
    }
}
