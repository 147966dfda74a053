package import NIOCore

/// Reads decisions, strictly: whatever is not understood is refused with its place and the rule.
///
///     {"actions": [{"play": {"url": "https://…/hello.wav"}}, {"dial": {"to": ["+4915…"], "anonymous": false}}]}
///
/// `docs/schemas/decision.schema.json` describes the same.
package enum DecisionDecoder {
    /// A decision has a few hundred bytes, and is five deep.
    package static let limits = JSONReader.Limits(bytes: 16 * 1024, depth: 8, items: 64)
    /// Steps of one decision: replies to sipgate stay within a few KiB.
    static let maxActions = 10

    /// The decision that a backend sent.
    ///
    /// - Parameters:
    ///   - document: The content of its answer.
    ///   - context: The call it is about.
    /// - Returns: A decision that may be carried out.
    /// - Throws: What is wrong, and where.
    package static func decode(
        _ document: ByteBuffer,
        in context: DecisionContext
    ) throws(DecisionProblem) -> CallDecision {
        let tree: JSONTree
        do {
            tree = try JSONReader.read(document, limits: limits)
        } catch {
            throw DecisionProblem(error.pointer, "not the JSON of a decision: \(error.rule)")
        }
        let decision = try decode(tree)
        try decision.verify(in: context)
        return decision
    }

    /// The decision in a tree, for example one of the configuration; what depends on the call is not checked.
    ///
    /// - Parameter tree: An object with `actions`.
    /// - Returns: The decision.
    /// - Throws: What is wrong, and where.
    package static func decode(_ tree: JSONTree) throws(DecisionProblem) -> CallDecision {
        let decision = try ObjectFields(tree, at: .root, knows: ["actions"])
        let (list, place) = try decision.required("actions")
        guard case .array(let elements) = list else { throw DecisionProblem(place, "a list, not \(list.kind)") }
        guard elements.count <= maxActions else {
            throw DecisionProblem(place, "\(maxActions) actions at most, not \(elements.count)")
        }
        var actions: [CallAction] = []
        for (index, element) in elements.enumerated() {
            if let last = actions.last, last.isLast {
                throw DecisionProblem(place.element(index), "nothing is carried out after \(last.verb)")
            }
            actions.append(try action(element, at: place.element(index)))
        }
        return CallDecision(actions: actions)
    }

    private static func action(_ tree: JSONTree, at place: JSONPointer) throws(DecisionProblem) -> CallAction {
        let action = try ObjectFields(tree, at: place, knows: ["play", "dial", "gather", "reject", "hangup"])
        guard let member = action.members.first, action.members.count == 1 else {
            throw DecisionProblem(
                place,
                "an action is one of play, dial, gather, reject, hangup, each in an object of its own"
            )
        }
        let inner = place.member(member.name)
        switch member.name {
        case "play": return .play(try play(member.value, at: inner))
        case "dial": return .dial(try dial(member.value, at: inner))
        case "gather": return .gather(try gather(member.value, at: inner))
        case "reject": return .reject(try reject(member.value, at: inner))
        default:
            _ = try ObjectFields(member.value, at: inner, knows: [])
            return .hangup
        }
    }

    private static func play(_ tree: JSONTree, at place: JSONPointer) throws(DecisionProblem) -> AudioURL {
        let fields = try ObjectFields(tree, at: place, knows: ["url"])
        let (value, place) = try fields.required("url")
        guard let text = value.text else { throw DecisionProblem(place, "a text, not \(value.kind)") }
        do {
            return try AudioURL(text)
        } catch {
            throw DecisionProblem(place, error.rule)
        }
    }

    private static func dial(_ tree: JSONTree, at place: JSONPointer) throws(DecisionProblem) -> CallAction.Dial {
        let fields = try ObjectFields(tree, at: place, knows: ["to", "callerId", "anonymous"])
        let (to, toPlace) = try fields.required("to")
        let dial = CallAction.Dial(
            target: try target(to, at: toPlace),
            callerID: try fields.value("callerId") { value, place throws(DecisionProblem) in
                try number(value, at: place)
            },
            isAnonymous: try fields.value("anonymous") { value, place throws(DecisionProblem) in
                guard case .bool(let flag) = value else {
                    throw DecisionProblem(place, "true or false, not \(value.kind)")
                }
                return flag
            }
        )
        // In all that sipgate documents, the mailbox stands in a Dial without attributes.
        if dial.target == .voicemail, dial.callerID != nil || dial.isAnonymous != nil {
            throw DecisionProblem(place, "the mailbox takes neither callerId nor anonymous")
        }
        return dial
    }

    private static func target(
        _ tree: JSONTree,
        at place: JSONPointer
    ) throws(DecisionProblem) -> CallAction.Dial.Target {
        switch tree {
        case .text("voicemail"):
            return .voicemail
        case .array(let elements):
            guard 1...5 ~= elements.count else {
                throw DecisionProblem(place, "one to five numbers, not \(elements.count)")
            }
            var numbers: [DialNumber] = []
            for (index, element) in elements.enumerated() {
                numbers.append(try number(element, at: place.element(index)))
            }
            return .numbers(numbers)
        default:
            throw DecisionProblem(place, "a list of one to five numbers, or the text \"voicemail\"")
        }
    }

    private static func number(_ tree: JSONTree, at place: JSONPointer) throws(DecisionProblem) -> DialNumber {
        guard let text = tree.text else { throw DecisionProblem(place, "a number is a text, not \(tree.kind)") }
        guard let number = DialNumber(text) else {
            throw DecisionProblem(place, "a number has 2 to 15 digits, perhaps after a plus, and nothing else")
        }
        return number
    }

    private static func gather(_ tree: JSONTree, at place: JSONPointer) throws(DecisionProblem) -> CallAction.Gather {
        let fields = try ObjectFields(tree, at: place, knows: ["maxDigits", "timeout", "play"])
        return CallAction.Gather(
            maxDigits: try fields.integer("maxDigits", in: 1...100),
            timeoutMilliseconds: try fields.integer("timeout", in: 1...120_000),
            play: try fields.value("play") { value, place throws(DecisionProblem) in try play(value, at: place) }
        )
    }

    private static func reject(
        _ tree: JSONTree,
        at place: JSONPointer
    ) throws(DecisionProblem) -> CallAction.RejectReason? {
        let fields = try ObjectFields(tree, at: place, knows: ["reason"])
        return try fields.value("reason") { value, place throws(DecisionProblem) in
            guard let reason = value.text.flatMap(CallAction.RejectReason.init(rawValue:)) else {
                throw DecisionProblem(place, "\"rejected\" or \"busy\"")
            }
            return reason
        }
    }
}

/// The members of an object of which all names are known.
private struct ObjectFields {
    let members: [JSONTree.Member]
    private let place: JSONPointer

    /// - Throws: A problem for anything but an object, and for a name that is not known.
    init(_ tree: JSONTree, at place: JSONPointer, knows names: [String]) throws(DecisionProblem) {
        guard case .object(let members) = tree else { throw DecisionProblem(place, "an object, not \(tree.kind)") }
        for member in members where !names.contains(where: { $0.utf8.elementsEqual(member.name.utf8) }) {
            let known = names.isEmpty ? "nothing" : names.joined(separator: ", ")
            throw DecisionProblem(place.member(member.name), "not known here; what may stand here: \(known)")
        }
        self.members = members
        self.place = place
    }

    /// A member that has to be there, and its place.
    func required(_ name: String) throws(DecisionProblem) -> (JSONTree, JSONPointer) {
        guard let member = members.first(where: { $0.name == name }) else {
            throw DecisionProblem(place, "\(name) is missing")
        }
        return (member.value, place.member(name))
    }

    /// What `read` makes of a member; nil when it is absent.
    func value<Value>(
        _ name: String,
        _ read: (JSONTree, JSONPointer) throws(DecisionProblem) -> Value?
    ) throws(DecisionProblem) -> Value? {
        guard let member = members.first(where: { $0.name == name }) else { return nil }
        guard member.value != .null else {
            throw DecisionProblem(place.member(name), "leave it out; null stands for nothing here")
        }
        return try read(member.value, place.member(name))
    }

    /// A whole number in a range; nil when it is absent.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(DecisionProblem) -> Int? {
        try value(name) { value, place throws(DecisionProblem) in
            guard case .number(let text) = value, let number = Int(text), range.contains(number) else {
                throw DecisionProblem(place, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }
}
