import Testing
import Webhooks

@testable import Sipgate

@Suite("Local rules")
struct CallRulesTests {
    private func call(
        from: String = "498999998071",
        to: String = "493023125401",
        _ direction: Direction? = .incoming,
        at time: Timestamp = CallTracker.start
    ) -> CallFacts {
        CallFacts(direction: direction, from: PhoneNumber(from), to: PhoneNumber(to), time: time)
    }

    private func rule(_ name: String, _ change: (inout CallRule) -> Void = { _ in }) -> CallRule {
        var rule = CallRule(name: name, decision: CallDecision(actions: [.reject(nil)]))
        change(&rule)
        return rule
    }

    private func decides(_ rules: [CallRule], _ call: CallFacts) -> String? {
        CallRules(rules).first(for: call, in: DecisionContext(direction: call.direction))?.name
    }

    @Test("the first rule that applies decides, and without one nobody does")
    func order() {
        let rules = [
            rule("anonymous") { $0.callers = [.anonymous] }, rule("in") { $0.direction = .incoming }, rule("all"),
        ]
        #expect(decides(rules, call(from: "anonymous")) == "anonymous")
        #expect(decides(rules, call()) == "in")
        #expect(decides(rules, call(.outgoing)) == "all")
        #expect(decides(Array(rules.prefix(2)), call(.outgoing)) == nil)
        #expect(decides([], call()) == nil)
    }

    @Test("a caller who withholds the number is not one who sends none")
    func callers() throws {
        let list = try NumberList(["+49 89 9999*", "10"])
        for (condition, callers) in [
            (CallerCondition.anonymous, ["anonymous"]), (.unknown, [""]),
            (.numbers(list), ["498999998071", "+498999998071", "00498999998071", "10"]),
        ] {
            for from in [
                "anonymous", "", "498999998071", "+498999998071", "00498999998071", "10", "493023125402", "1234567e0",
            ] {
                #expect(
                    (decides([rule("r") { $0.callers = [condition] }], call(from: from)) != nil)
                        == callers.contains(from),
                    "\(from)"
                )
            }
        }
        let both = rule("both") { $0.callers = [.anonymous, .unknown] }
        #expect(decides([both], call(from: "")) == "both")
        #expect(decides([both], call(from: "anonymous")) == "both")
        #expect(decides([both], call()) == nil)
    }

    @Test("all conditions of a rule must hold")
    func conjunction() throws {
        let list = try NumberList(["+493023125401"])
        let always = WeeklyHours([try WeeklyHours.Window(start: "00:00", end: "24:00")], in: .utc)
        let strict = rule("strict") { rule in
            rule.direction = .incoming
            rule.callers = [.anonymous]
            rule.called = list
            rule.hours = always
        }
        #expect(decides([strict], call(from: "anonymous")) == "strict")
        #expect(decides([strict], call()) == nil)
        #expect(decides([strict], call(from: "anonymous", to: "493023125402")) == nil)
        #expect(decides([strict], call(from: "anonymous", .outgoing)) == nil)
        #expect(decides([strict], call(from: "anonymous", nil)) == nil)
    }

    @Test("a fact that is not known makes a condition on it fail")
    func unknownFacts() throws {
        let facts = CallFacts(direction: nil, from: nil, to: nil, time: CallTracker.start)
        #expect(decides([rule("r") { $0.callers = [.unknown, .anonymous] }], facts) == nil)
        let list = try NumberList(["10"])
        #expect(decides([rule("r") { $0.called = list }], facts) == nil)
        #expect(decides([rule("all")], facts) == "all")
    }

    @Test("a decision that cannot be carried out on a call is passed over")
    func impossible() throws {
        let numbers = ["10", "11"].compactMap(DialNumber.init)
        let dial = CallAction.Dial(target: .numbers(numbers), callerID: nil, isAnonymous: nil)
        let ring = CallRule(name: "ring", decision: CallDecision(actions: [.dial(dial)]))
        #expect(decides([ring, rule("next")], call()) == "ring")
        #expect(decides([ring, rule("next")], call(.outgoing)) == "next")
    }

    @Test("a list knows numbers and beginnings, and nothing between")
    func numbers() throws {
        let list = try NumberList(["+493023125401", "0044*", "+49 (89) 99-99.8/0*", "10"])
        #expect(list.count == 4)
        for number in [
            "493023125401", "+493023125401", "00493023125401", "441632960482", "498999998071", "49899999800", "10",
        ] {
            #expect(try list.contains(#require(PhoneNumber(number))), "\(number)")
        }
        for number in [
            "49302312540", "4930231254011", "4989999981", "43", "1", "101", "anonymous", "", "12345e0", "03023125401",
        ] {
            #expect(try !list.contains(#require(PhoneNumber(number))), "\(number)")
        }
        #expect(try NumberList(["+1*"]).contains(#require(PhoneNumber("12125550123"))))
        #expect(try !NumberList([]).contains(#require(PhoneNumber("10"))))
    }

    @Test("a file holds an entry a line, and remarks")
    func file() throws {
        let text = "# blocked\n\n+49 30 23125401  # nuisance\r\n  0044*\n\t\n10"
        #expect(try NumberList(lines: text) == NumberList(["+493023125401", "+44*", "10"]))
        let problem = #expect(throws: NumberList.Problem.self) { try NumberList(lines: "10\n\n#\nhello\n") }
        #expect(problem?.position == 4)
    }

    @Test(
        "what is no entry is refused with its position",
        arguments: [
            "", "*", "+", "00", "+*", "hello", "1", "+49a", "++49", "1234567890123456", "+49*30", "+49**", "030123",
            "0*", "١٢",
        ]
    )
    func badEntries(_ entry: String) {
        let problem = #expect(throws: NumberList.Problem.self) { try NumberList(["10", entry]) }
        #expect(problem?.position == 2)
    }
}
