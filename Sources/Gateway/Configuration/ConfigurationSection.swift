import NIOCore
import Yams

/// One mapping of the file.
///
/// Keys are asked for by name; what nobody could ask for is an error.
struct ConfigurationSection {
    /// The keys a section has, and those of a later version, each with what to do without it.
    struct Keys {
        var known: [String]
        var later: [String: String] = [:]
    }

    /// The path of the section: `routes[0]`; empty for the top level.
    let path: String
    /// Where it begins.
    let position: IssueLog.Position?
    let log: IssueLog
    private let file: YAMLFile
    private var values: [String: (node: Node, position: IssueLog.Position?)] = [:]
    /// Known keys that unknown ones were probably meant to be: they are not missed a second time.
    private var misspelt: Set<String> = []

    /// Notes unknown, duplicate and later keys, or that the node is no mapping; nil only for the last.
    init?(_ node: Node, path: String, keys: Keys, file: YAMLFile) {
        self.path = path
        self.file = file
        log = file.log
        position = node.position
        guard let mapping = node.mapping else {
            file.log.error(path, at: node.position, "has to be a mapping of keys to values, not \(node.kind)")
            return nil
        }
        var first: [String: IssueLog.Position] = [:]
        for (key, value) in mapping {
            guard let text = key.scalar?.string else {
                log.error(path, at: key.position, "a key has to be a word, not \(key.kind)")
                continue
            }
            let name = key.position.flatMap { file.duplicated[$0] } ?? text
            let keyPath = joined(name)
            if let earlier = first[name] {
                let message = "the key \(name.quoted) is given twice"
                log.error(keyPath, at: key.position, message, remedy: "the first one is in line \(earlier.line)")
                continue
            }
            first[name] = key.position
            if keys.known.contains(name) {
                values[name] = (value, key.position)
            } else if let remedy = keys.later[name] {
                let message = "\(name.quoted) is not available in this version"
                log.error(keyPath, at: key.position, message, remedy: remedy)
            } else {
                let remedy = NearestName.remedy(keys.known, to: name)
                if let meant = NearestName.among(keys.known, to: name) { misspelt.insert(meant) }
                log.error(keyPath, at: key.position, "unknown key \(name.quoted)", remedy: remedy)
            }
        }
    }

    /// Whether the key is there, with a good value or a bad one.
    func has(_ key: String) -> Bool {
        values[key] != nil
    }

    /// Whether the key is absent, and not only misspelt.
    func lacks(_ key: String) -> Bool {
        values[key] == nil && !misspelt.contains(key)
    }

    /// Where a key stands, or the section without it.
    func position(of key: String) -> IssueLog.Position? {
        values[key]?.position ?? position
    }

    /// Whatever stands under a key.
    func node(_ key: String) -> Node? {
        values[key]?.node
    }

    /// A single value; nil when the key is absent, or holds a list or a mapping, which is noted.
    func scalar(_ key: String) -> ConfigurationScalar? {
        values[key].flatMap { scalar($0.node, joined(key)) }
    }

    /// A single value that has to be there.
    func required(_ key: String, remedy: String) -> ConfigurationScalar? {
        if lacks(key) { log.error(joined(key), at: position, "is missing", remedy: remedy) }
        return scalar(key)
    }

    /// The elements of a list with their paths; nil when the key is absent or holds no list.
    ///
    /// An empty list is noted.
    func elements(_ key: String) -> [(node: Node, path: String)]? {
        guard let (node, position) = values[key] else { return nil }
        guard let sequence = node.sequence else {
            log.error(joined(key), at: node.position, "has to be a list, not \(node.kind)")
            return nil
        }
        guard !sequence.isEmpty else {
            log.error(joined(key), at: position, "the list is empty", remedy: "put at least one entry in it")
            return nil
        }
        return sequence.enumerated().map { ($1, "\(joined(key))[\($0)]") }
    }

    /// The elements of a list that has to be there.
    func requiredElements(_ key: String, remedy: String) -> [(node: Node, path: String)]? {
        if lacks(key) { log.error(joined(key), at: position, "is missing", remedy: remedy) }
        return elements(key)
    }

    /// A list of mappings, each as a section; what is no mapping is noted and left out.
    func sections(_ key: String, keys: Keys, remedy: String?) -> [ConfigurationSection] {
        let found = remedy.map { requiredElements(key, remedy: $0) } ?? elements(key)
        return (found ?? []).compactMap { ConfigurationSection($0.node, path: $0.path, keys: keys, file: file) }
    }

    /// A mapping inside this one; nil when the key is absent.
    func section(_ key: String, keys: Keys) -> ConfigurationSection? {
        values[key].flatMap { ConfigurationSection($0.node, path: joined(key), keys: keys, file: file) }
    }

    /// A list of single values; a single value alone counts as a list of one when `acceptsOne`.
    func scalars(_ key: String, acceptsOne: Bool = false) -> [ConfigurationScalar]? {
        if acceptsOne, let node = values[key]?.node, node.scalar != nil {
            return scalar(node, joined(key)).map { [$0] }
        }
        return elements(key)?.compactMap { scalar($0.node, $0.path) }
    }

    /// Notes an error about a key.
    func error(_ key: String, _ message: String, remedy: String? = nil) {
        log.error(joined(key), at: position(of: key), message, remedy: remedy)
    }

    /// The path of a key of this section.
    func joined(_ key: String) -> String {
        let name = key.unicodeScalars.prefix(80).map(\.printable).joined()
        return path.isEmpty ? name : "\(path).\(name)"
    }

    private func scalar(_ node: Node, _ path: String) -> ConfigurationScalar? {
        guard let scalar = node.scalar else {
            log.error(path, at: node.position, "has to be a single value, not \(node.kind)")
            return nil
        }
        return ConfigurationScalar(
            text: scalar.string,
            isPlain: scalar.style == .plain,
            position: node.position,
            key: path,
            log: log
        )
    }
}

/// What every section of one file shares.
struct YAMLFile {
    let log: IssueLog
    /// See `YAMLDocument.duplicated`.
    let duplicated: [IssueLog.Position: String]
}

extension Node {
    /// The kind of the node, in words.
    var kind: String {
        switch self {
        case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
