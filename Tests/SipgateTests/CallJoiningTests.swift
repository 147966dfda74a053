import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Which legs are one call")
struct CallJoiningTests: CallPushes {
    @Test("the reason why legs are one call is told, and the weakest counts")
    func confidence() {
        let tracker = CallTracker()
        #expect(tracker.observe(start("A", xcid: "x1"), at: at(0)).context.confidence == .single)
        let second = tracker.observe(start("B", to: CallNumbers.marty, xcid: "x1"), at: at(10)).context
        #expect(second.confidence == .correlation)
        #expect(second.call == "A")
        let third = tracker.observe(push(.answer, "C") { $0.originalLeg = "B" }, at: at(20)).context
        #expect(third.confidence == .originalLeg)
        #expect(third.call == "A")
        let fourth = tracker.observe(
            start("D", to: "493023125403", diversion: "0" + CallNumbers.marty.dropFirst(2)),
            at: at(30)
        ).context
        #expect(fourth.confidence == .heuristic)
        #expect(fourth.call == "A")
    }

    @Test("a leg that was named before it was seen joins the call that named it")
    func named() {
        let tracker = CallTracker()
        _ = tracker.observe(push(.newCall, "B") { $0.originalLeg = "A" }, at: at(0))
        let context = tracker.observe(start("A"), at: at(10)).context
        #expect(context.call == "B")
        #expect(context.confidence == .originalLeg)
    }

    @Test("two calls that turn out to be one keep the older name, and the story lists the other")
    func mergedCalls() throws {
        let tracker = CallTracker()
        _ = tracker.observe(start("A", xcid: "x1"), at: at(0))
        _ = tracker.observe(start("B", from: "441632960482", xcid: "x2"), at: at(10))
        _ = tracker.observe(push(.answer, "B") { $0.originalLeg = "A" }, at: at(20))
        #expect(tracker.callCount == 1)
        #expect(tracker.observe(start("C", from: "441632960483", xcid: "x2"), at: at(30)).context.call == "A")
        for leg in ["A", "B", "C"] { _ = tracker.observe(end(leg), at: at(1000)) }
        let story = try #require(tracker.advance(to: CallTracker.never).last)
        let data = try JSONValue(parsing: story.draft.data.readableBytesView)
        #expect(data["formerly"] == .array(["B"]))
        #expect(data["legs"].elements?.count == 3)
        #expect(tracker.isEmpty)
    }

    @Test("two anonymous callers at once stay two, also when one of them is forwarded")
    func anonymous() {
        let tracker = CallTracker()
        for leg in ["A", "B"] { _ = tracker.observe(start(leg, from: "anonymous"), at: at(0)) }
        _ = tracker.observe(end("A", "forwarded"), at: at(1000))
        let diverted = start("C", from: "anonymous", to: CallNumbers.marty, diversion: CallNumbers.doc)
        #expect(tracker.observe(diverted, at: at(1100)).context.call == "C")
        #expect(tracker.callCount == 3)

        let lonely = CallTracker()
        _ = lonely.observe(start("A", from: "anonymous"), at: at(0))
        _ = lonely.observe(end("A", "forwarded"), at: at(1000))
        #expect(lonely.observe(diverted, at: at(1100)).context.call == "A")
    }

    @Test("callers who are not known are never taken for one")
    func unknownCallers() {
        let tracker = CallTracker()
        _ = tracker.observe(start("A", from: ""), at: at(0))
        _ = tracker.observe(end("A", "forwarded"), at: at(1000))
        let diverted = start("B", from: "", to: CallNumbers.marty, diversion: CallNumbers.doc)
        #expect(tracker.observe(diverted, at: at(1100)).context.call == "B")
    }

    @Test("numbers alone join only legs that touch in time, and never against sipgate's own word")
    func limitsOfKinship() {
        let diverted = { (xcid: String?) in
            self.start("B", to: CallNumbers.marty, diversion: CallNumbers.doc, xcid: xcid)
        }
        // What happened to A, when B began, B's xcid, and whether they are one. A's xcid is x1 where B has one.
        let cases: [(String?, Int64, String?, Bool)] = [
            (nil, 60_000, nil, true), ("forwarded", 11_000, nil, true), ("forwarded", 11_001, nil, false),
            ("normalClearing", 2500, nil, true), ("normalClearing", 2501, nil, false), (nil, 2000, "x2", false),
            (nil, 2000, "x1", true),
        ]
        for (cause, began, xcid, isOne) in cases {
            var limits = CallTrackerLimits()
            limits.forwardGrace = 60_000
            limits.settle = 1500
            let tracker = CallTracker(limits: limits)
            _ = tracker.observe(start("A", xcid: xcid == nil ? nil : "x1"), at: at(0))
            if let cause { _ = tracker.observe(end("A", cause), at: at(1000)) }
            let context = tracker.observe(diverted(xcid), at: at(began)).context
            #expect(
                (context.call == "A" || context.continues == "A") == isOne,
                "\(cause ?? "open") \(began) \(xcid ?? "")"
            )
        }
    }

    @Test("a diversion of a carrier that names no leg of ours joins nothing")
    func foreignDiversion() {
        let tracker = CallTracker()
        _ = tracker.observe(start("A"), at: at(0))
        #expect(tracker.observe(start("B", diversion: "441632960482"), at: at(10)).context.call == "B")
    }

    @Test(
        "a number is known again however it is written",
        arguments: [
            ("493023125401", "+493023125401", true), ("493023125401", "00493023125401", true),
            ("493023125401", "03023125401", true), ("493023125401", "+49 (30) 2312-5401", true),
            ("493023125401", "23125401", true), ("493023125401", "493023125402", false), ("10", "10", true),
            ("10", "493023125410", false), ("12345", "4930212345", false), ("1234567e0", "1234567e0", true),
            ("1234567e0", "12345670", false),
        ]
    )
    func identities(_ left: String, _ right: String, _ isSame: Bool) throws {
        let (one, other) = (try #require(PhoneIdentity(left)), try #require(PhoneIdentity(right)))
        #expect(one.isSame(as: other) == isSame)
        #expect(other.isSame(as: one) == isSame)
        if isSame { #expect(PhoneIdentity.bucket(of: left) == PhoneIdentity.bucket(of: right)) }
    }
}
