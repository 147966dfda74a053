import NIOCore
import Testing
import Webhooks

@testable import Sipgate

@Suite("Rehearsal")
struct RehearsalTests: CallPushes {
    private static let hangup = CallDecision(actions: [.hangup])
    private static let reject = CallDecision(actions: [.reject(.busy)])

    private func record(
        _ by: String,
        rule: String? = nil,
        asked: String? = nil,
        actions: String
    ) throws -> Rehearsal.Record {
        var members = [#""leg":"A","call":"A","event":"newCall","by":"\#(by)","actions":\#(actions)"#]
        if let rule { members.append(#""rule":"\#(rule)""#) }
        if let asked { members.append(#""asked":"\#(asked)""#) }
        return try #require(Rehearsal.Record(ByteBuffer(string: "{" + members.joined(separator: ",") + "}")))
    }

    @Test("a verdict is compared with what was decided then")
    func comparison() throws {
        typealias Verdict = Rehearsal.Verdict
        let ruled = try record("rule", rule: "r", actions: #"[{"hangup":{}}]"#)
        #expect(Verdict.nobody.compared(to: nil) == .same)
        #expect(Verdict.nobody.compared(to: ruled) == .reply(.proceed))
        #expect(Verdict.rule("r", RehearsalTests.hangup).compared(to: ruled) == .same)
        #expect(Verdict.rule("s", RehearsalTests.hangup).compared(to: ruled) == .decider(RehearsalTests.hangup))
        #expect(Verdict.rule("r", RehearsalTests.reject).compared(to: ruled) == .reply(RehearsalTests.reject))
        #expect(Verdict.rule("r", .proceed).compared(to: nil) == .decider(.proceed))
        let asked = Verdict.asked("crm", otherwise: .fallback(RehearsalTests.hangup))
        #expect(asked.compared(to: try record("destination", asked: "crm", actions: "[]")) == .same)
        #expect(asked.compared(to: try record("destination", asked: "other", actions: "[]")) == .reply(nil))
        #expect(asked.compared(to: nil) == .reply(nil))
        let silent = try record("fallback", asked: "crm", actions: #"[{"reject":{"reason":"busy"}}]"#)
        #expect(asked.compared(to: silent) == .reply(RehearsalTests.hangup))
    }

    @Test("recorded pushes meet the rules with their time, direction and numbers, and keys only who is asked")
    func pushes() throws {
        var rule = CallRule(name: "r", decision: RehearsalTests.hangup)
        rule.direction = .incoming
        rule.callers = [.numbers(try NumberList(["+4989*"]))]
        var route = SipgateRoute(rules: RuleBook(CallRules([rule])))
        route.inquiry = SipgateRoute.Inquiry(destination: "crm")
        route.inquiry?.asksOnCalls = false
        let rehearsal = Rehearsal(route)
        func verdict(_ type: String, _ data: String) -> Rehearsal.Verdict? {
            rehearsal.push(type: type, data: ByteBuffer(string: data), at: at(0))?.verdict
        }
        let from = #""from":{"kind":"number","raw":"498999998071"}"#
        #expect(verdict("call.started", #"{"leg":"A","direction":"in",\#(from)}"#) == .rule("r", RehearsalTests.hangup))
        #expect(verdict("call.started", #"{"leg":"B","direction":"out",\#(from)}"#) == .nobody)
        #expect(verdict("call.digits", #"{"leg":"A","digits":"1"}"#) == .asked("crm", otherwise: .fallback(.proceed)))
        #expect(verdict("call.ended", #"{"leg":"A","direction":"in"}"#) == nil)
        #expect(verdict("call.completed", #"{"leg":"A"}"#) == nil)
    }
}
