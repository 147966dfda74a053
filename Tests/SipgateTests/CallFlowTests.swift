import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Flows of calls")
struct CallFlowTests {
    @Test("the flows are there")
    func count() {
        #expect(CallFlow.all.count == 27)
    }

    /// Runs pushes at their moments, and lets time pass until nothing is left to wait for.
    private func run(_ pushes: [(Int64, CallObservation)]) -> (FlowResult, CallTracker) {
        let tracker = CallTracker()
        var result = FlowResult()
        for (at, push) in pushes { result.append(tracker.observe(push, at: CallTracker.start.adding(at)).derived) }
        result.append(tracker.advance(to: CallTracker.never))
        return (result, tracker)
    }

    private func expect(_ result: FlowResult, _ tracker: CallTracker, of flow: CallFlow, _ note: String) throws {
        #expect(try result.outcomes == flow.outcomes, "\(note)")
        #expect(result.kinds == flow.derived, "\(note)")
        #expect(tracker.isEmpty, "\(note)")
    }

    @Test("in order, one call comes out of its legs", arguments: CallFlow.all)
    func inOrder(_ flow: CallFlow) throws {
        let (result, tracker) = run(zip(flow.pushes, flow.observations).map { ($0.at, $1) })
        try expect(result, tracker, of: flow, "in order")
        for story in try result.stories {
            #expect(story["assumed"] == .null)
            #expect(story["partial"] == .null)
            #expect(story["continues"] == .null)
        }
    }

    @Test("in every order, the same comes out", arguments: CallFlow.all)
    func everyOrder(_ flow: CallFlow) throws {
        for order in permutations(of: flow.observations) {
            let (result, tracker) = run(order.enumerated().map { (Int64($0) * 40, $1) })
            try expect(result, tracker, of: flow, "\(order.map { "\($0.event) \($0.leg)" })")
        }
    }

    @Test("a push that comes twice changes nothing", arguments: CallFlow.all)
    func duplicates(_ flow: CallFlow) throws {
        let pushes = zip(flow.pushes, flow.observations).map { ($0.at, $1) }
        for index in pushes.indices where pushes[index].1.event != .dtmf {
            // At once, at the end, and long after, but within what is remembered.
            for place in [index, pushes.count - 1, pushes.count] {
                var doubled = pushes
                let at = place < pushes.count ? pushes[place].0 : pushes[pushes.count - 1].0 + 40_000
                doubled.insert((at, pushes[index].1), at: min(place + 1, pushes.count))
                let (result, tracker) = run(doubled)
                try expect(result, tracker, of: flow, "\(pushes[index].1.event) again at \(at)")
            }
        }
    }

    @Test("a lost hangup is made up for, once, and marked", arguments: CallFlow.all)
    func lostHangups(_ flow: CallFlow) throws {
        let pushes = zip(flow.pushes, flow.observations).map { ($0.at, $1) }
        for index in pushes.indices where pushes[index].1.event == .hangup {
            var rest = pushes
            let lost = rest.remove(at: index).1
            let (result, tracker) = run(rest)
            let stories = try result.stories
            #expect(stories.count == flow.outcomes.count, "without \(lost.leg)")
            let story = try #require(
                stories.first { $0["legs"].elements?.contains { $0["leg"].text == lost.leg } == true }
            )
            #expect(story["assumed"] == .bool(true))
            #expect(story["talkMilliseconds"] == .null)
            // Where it went and what a menu led to is known from the end alone.
            if lost.cause != "forwarded" || flow.outcomes != ["forwarded"], flow.outcomes != ["unknown"] {
                #expect(try result.outcomes == flow.outcomes, "without \(lost.leg)")
            }
            #expect(tracker.isEmpty)
        }
    }

    @Test("a lost start is made up for as far as the rest tells", arguments: CallFlow.all)
    func lostStarts(_ flow: CallFlow) throws {
        let pushes = zip(flow.pushes, flow.observations).map { ($0.at, $1) }
        for index in pushes.indices where pushes[index].1.event == .newCall {
            var rest = pushes
            let lost = rest.remove(at: index).1
            let (result, tracker) = run(rest)
            let stories = try result.stories.filter { story in
                story["legs"].elements?.contains { $0["leg"].text == lost.leg } == true
            }
            // A leg of which only the end is seen, and that after its call was over, is not worth a story.
            let isTooLate = flow.name == "forward, missed" && lost.leg == "B"
            #expect(stories.count == (isTooLate ? 0 : 1), "without \(lost.leg)")
            for story in stories { #expect(story["partial"] == .bool(true)) }
            #expect(tracker.isEmpty)
        }
    }

    private func permutations(of items: [CallObservation]) -> [[CallObservation]] {
        guard let last = items.last else { return [[]] }
        return permutations(of: Array(items.dropLast())).flatMap { order in
            (0...order.count).map { place in
                var longer = order
                longer.insert(last, at: place)
                return longer
            }
        }
    }
}
