import Yams

/// Reads scenarios from YAML, strictly: what is not understood is refused with its line.
package enum ScenarioReader {
    /// What is wrong with a scenario, and where.
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// The scenario in a text.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: What errors call it.
    /// - Returns: The scenario.
    /// - Throws: What is wrong first.
    package static func read(_ text: String, file: String) throws(Problem) -> Scenario {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Problem(description: "\(file): \(error)")
        }
        guard let node else { throw Problem(description: "\(file): the file is empty") }
        let top = try Fields(node, file: file, knows: ["name", "about", "legs", "keys", "steps"])
        var legs: [Scenario.Leg] = []
        for (name, node) in try top.mapping("legs") { legs.append(try leg(name, node, file)) }
        let names = legs.map(\.name)
        for leg in legs {
            if let other = leg.of, !names.contains(other) {
                throw top.problem("legs", "\(leg.name) is a leg of \(other), and there is no such leg")
            }
        }
        var steps: [Scenario.Step] = []
        for node in try top.list("steps") { steps.append(try step(node, names, file)) }
        if case .again = steps.first { throw top.problem("steps", "nothing was pushed yet that could come again") }
        let keys = try top.texts("keys")
        if let text = keys.first(where: { !Scenario.areKeys($0) }) {
            throw top.problem("keys", "\(text) is no key: 0 to 9, A to D, *, #, or -1 for a caller who hangs up")
        }
        return Scenario(
            name: try top.text("name"),
            about: try top.text("about"),
            legs: legs,
            steps: steps,
            keys: keys
        )
    }

    private static func leg(_ name: String, _ node: Node, _ file: String) throws(Problem) -> Scenario.Leg {
        let fields = try Fields(
            node,
            file: file,
            knows: ["direction", "from", "to", "diversion", "users", "of", "xcid"]
        )
        var leg = Scenario.Leg(name: name, from: try fields.text("from"), to: try fields.text("to"))
        leg.direction = try fields.choice("direction", ["in", "out"]) ?? "in"
        leg.diversion = try fields.optionalText("diversion")
        leg.users = try fields.texts("users")
        leg.of = try fields.optionalText("of")
        let known = Scenario.Leg.Correlation.allCases.map(\.rawValue)
        leg.correlation = try fields.choice("xcid", known).flatMap(Scenario.Leg.Correlation.init) ?? .shared
        return leg
    }

    private static func step(_ node: Node, _ legs: [String], _ file: String) throws(Problem) -> Scenario.Step {
        if node.scalar?.string == "again" { return .again }
        let fields = try Fields(node, file: file, knows: ["start", "answer", "by", "hangup", "cause", "wait"])
        let actions = ["start", "answer", "hangup", "wait"].filter(fields.has)
        guard actions.count == 1 else {
            let found = actions.isEmpty ? "none" : actions.joined(separator: " and ")
            throw fields.problem(
                actions.last ?? "",
                "a step does one thing: start, answer, hangup or wait, not \(found)"
            )
        }
        for (detail, action) in [("by", "answer"), ("cause", "hangup")] where fields.has(detail) && !fields.has(action)
        {
            throw fields.problem(detail, "belongs to \(action)")
        }
        func leg(_ key: String) throws(Problem) -> String {
            let name = try fields.text(key)
            guard legs.contains(name) else { throw fields.problem(key, "there is no leg \(name)") }
            return name
        }
        if fields.has("start") { return .start(leg: try leg("start")) }
        if fields.has("answer") { return .answer(leg: try leg("answer"), by: try fields.optionalText("by")) }
        if fields.has("hangup") {
            let causes = [
                "normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded", "chanunavail",
            ]
            return .hangup(leg: try leg("hangup"), cause: try fields.choice("cause", causes) ?? "normalClearing")
        }
        return .wait(try fields.milliseconds("wait"))
    }
}

/// The members of a mapping of which all names are known.
private struct Fields {
    typealias Problem = ScenarioReader.Problem

    private let node: Node
    private let values: [(name: String, node: Node)]
    private let file: String

    init(_ node: Node, file: String, knows names: [String]) throws(Problem) {
        self.node = node
        self.file = file
        guard let mapping = node.mapping else {
            throw Fields.problem(node, file, "a mapping of keys to values is expected")
        }
        var values: [(String, Node)] = []
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard names.contains(name) else {
                throw Fields.problem(key, file, "unknown key `\(name)`; known here: \(names.joined(separator: ", "))")
            }
            values.append((name, value))
        }
        self.values = values
    }

    func has(_ name: String) -> Bool { value(name) != nil }

    func problem(_ name: String, _ words: String) -> Problem {
        Fields.problem(value(name) ?? node, file, "`\(name)`: \(words)")
    }

    func text(_ name: String) throws(Problem) -> String {
        guard let text = try optionalText(name) else { throw problem(name, "is missing") }
        return text
    }

    func optionalText(_ name: String) throws(Problem) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.scalar?.string, !text.isEmpty else { throw problem(name, "a text is expected") }
        return text
    }

    func choice(_ name: String, _ words: [String]) throws(Problem) -> String? {
        guard let text = try optionalText(name) else { return nil }
        guard words.contains(text) else { throw problem(name, "one of \(words.joined(separator: ", "))") }
        return text
    }

    func texts(_ name: String) throws(Problem) -> [String] {
        var texts: [String] = []
        for node in has(name) ? try list(name) : [] {
            guard let text = node.scalar?.string else { throw problem(name, "a list of texts is expected") }
            texts.append(text)
        }
        return texts
    }

    func list(_ name: String) throws(Problem) -> [Node] {
        guard let sequence = value(name)?.sequence, !sequence.isEmpty else { throw problem(name, "a list is expected") }
        return Array(sequence)
    }

    func mapping(_ name: String) throws(Problem) -> [(name: String, node: Node)] {
        guard let mapping = value(name)?.mapping, !mapping.isEmpty else {
            throw problem(name, "a mapping of names is expected")
        }
        return mapping.map { ($0.key.scalar?.string ?? "", $0.value) }
    }

    func milliseconds(_ name: String) throws(Problem) -> Int64 {
        do {
            return try ToolArguments.milliseconds(try text(name))
        } catch let error as Problem {
            throw error
        } catch {
            throw problem(name, "a time such as 500ms or 2s is expected")
        }
    }

    private func value(_ name: String) -> Node? { values.first { $0.name == name }?.node }

    private static func problem(_ node: Node, _ file: String, _ words: String) -> Problem {
        let place = node.mark.map { "\(file):\($0.line):\($0.column): " } ?? "\(file): "
        return Problem(description: place + words)
    }
}
