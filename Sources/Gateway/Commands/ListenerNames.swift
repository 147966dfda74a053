import OpenSSL

/// Who gets which certificate at a listener, in words.
struct ListenerNames {
    private let tls: TLSListenerConfiguration
    /// The servers' own certificates in their order; nil for one that cannot be read.
    private let leaves: [Certificate?]

    /// Reads the certificates.
    ///
    /// Blocks on the disk.
    init(_ tls: TLSListenerConfiguration) {
        self.tls = tls
        leaves = tls.certificates.map { try? CertificateChain(file: $0.chain).leaf }
    }

    /// What clients get that ask for nobody, or for nobody who is known.
    var facts: [String] {
        guard let place = defaultPlace, let leaf = leaves[place] else { return [] }
        let unknown = tls.refusesUnknownNames ? "is refused" : "gets the same"
        return ["a client that names nobody gets \(leaf.subject.escaped); one that wants an unknown name \(unknown)"]
    }

    /// What of the list is never served, or only in part.
    ///
    /// - Parameters:
    ///   - key: the path of the listener's `tls`.
    ///   - file: the configuration.
    /// - Returns: warnings.
    func issues(key: String, file: String) -> [ConfigurationIssue] {
        var issues: [ConfigurationIssue] = []
        var served: [String: Int] = [:]
        for (place, leaf) in leaves.enumerated() {
            guard let leaf else { continue }
            var shadowed: [(name: String, by: Int)] = []
            for name in ListenerNames.names(of: leaf) {
                let slot = "\(name) \(leaf.publicKey.algorithm)"
                if let first = served[slot] { shadowed.append((name, first)) } else { served[slot] = place }
            }
            guard let first = shadowed.first else { continue }
            let names = shadowed.map(\.name).joined(separator: ", ").escaped
            issues.append(
                ListenerNames.warning(
                    file,
                    "\(key).certificates[\(place)]",
                    "is never served for \(names): certificates[\(first.by)] has the same kind of key and comes first",
                    "remove one of them, or give one another kind of key (EC, RSA)"
                )
            )
        }
        if let name = tls.defaultName, !served.keys.contains(where: { $0.hasPrefix("\(name.lowercased()) ") }),
            leaves.contains(where: { $0 != nil })
        {
            let known = Set(leaves.compactMap { $0 }.flatMap(ListenerNames.names)).sorted().joined(separator: ", ")
            issues.append(
                ListenerNames.warning(
                    file,
                    "\(key).default_name",
                    "no certificate names \(name.quoted): clients that name nobody get the first",
                    "one of: \(known.escaped)"
                )
            )
        }
        return issues
    }

    private var defaultPlace: Int? {
        let name = tls.defaultName?.lowercased()
        let named = leaves.firstIndex { leaf in
            guard let leaf, let name else { return false }
            return ListenerNames.names(of: leaf).contains(name)
        }
        return named ?? leaves.indices.first
    }

    private static func names(of leaf: Certificate) -> [String] {
        leaf.alternativeNames.filter { $0.hasPrefix("DNS:") }.map { $0.dropFirst(4).lowercased() }
    }

    private static func warning(
        _ file: String,
        _ key: String,
        _ message: String,
        _ remedy: String
    ) -> ConfigurationIssue {
        ConfigurationIssue(
            severity: .warning,
            file: file,
            line: nil,
            column: nil,
            key: key,
            message: message,
            remedy: remedy
        )
    }
}
