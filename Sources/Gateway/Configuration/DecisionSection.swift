import Sipgate
import Yams

/// Reads decisions as they stand in the configuration: the same words as in the JSON of a backend.
enum DecisionSection {
    /// The decision whose actions stand under `actions`; nil, with the reason noted, when there is none.
    static func read(_ section: ConfigurationSection) -> CallDecision? {
        if section.lacks("actions") {
            section.error("actions", "is missing", remedy: "write what happens: `actions: [{dial: {to: voicemail}}]`")
        }
        guard let node = section.node("actions") else { return nil }
        let tree = JSONTree.object([.init(name: "actions", value: tree(of: node))])
        do {
            return try DecisionDecoder.decode(tree)
        } catch {
            section.error("actions", "\(error.pointer): \(error.rule)", remedy: "docs/calls.md lists all actions")
            return nil
        }
    }

    /// YAML as JSON; what YAML 1.2 calls a number or a boolean is one here.
    private static func tree(of node: Node) -> JSONTree {
        switch node {
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .text(scalar.string) }
            switch scalar.string {
            case "true": return .bool(true)
            case "false": return .bool(false)
            case "", "~", "null": return .null
            case let text where text.utf8.allSatisfy({ (48...57).contains($0) }): return .number(text)
            case let text: return .text(text)
            }
        case .mapping(let mapping):
            return .object(mapping.map { .init(name: $0.key.scalar?.string ?? "", value: tree(of: $0.value)) })
        case .sequence(let sequence):
            return .array(sequence.map(tree))
        case .alias:
            return .null
        }
    }
}
